// Where the parts of a system's own Docker engine lie, and how long its directory's name may be.
import { join } from 'node:path'

/** Its pid, for people and tests. */
export const PID_FILE = 'docker.pid'

/** The engine's own socket; what runs filters uses `openSocket`. */
export const ownSocket = (dir: string): string => join(dir, 'engine.sock')

/** A link to the engine's socket that is there only while Python filters can run. */
export const readySocket = (dir: string): string => join(dir, 'docker.sock')

/** State of running containers: worthless without them. */
export const execRoot = (dir: string): string => join(dir, 'exec')

/** What it keeps. */
export const dataRoot = (dir: string): string => join(dir, 'data')

/** A folder for each container, by its id, until it is removed. */
export const containersDir = (dir: string): string => join(dataRoot(dir), 'containers')

/** A socket's path has 107 characters at most, and containerd appends this to the directory. */
const LONGEST_SOCKET = '/exec/containerd/containerd-debug.sock'
const MAX_SOCKET_PATH = 107

/** Characters that the engine's directory may have. */
export const MAX_DIR_LENGTH = MAX_SOCKET_PATH - LONGEST_SOCKET.length
