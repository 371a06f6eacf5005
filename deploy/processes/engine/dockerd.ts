// A Docker engine of the system's own: without network, with all it keeps in one directory, in a mount namespace of its own, so that
// no mount outlives it. It dies with this process; what it starts does not, and is ended by `endLeftovers`.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openEngine } from '#sandbox'
import { DeployError } from '../../errors.ts'
import { type EngineConfig } from './config.ts'
import { endLeftovers } from './leftovers.ts'
import { dataRoot, execRoot, ownSocket, PID_FILE } from './engine-paths.ts'

const PAUSE_MS = 50
const START_LIMIT_MS = 60_000
/** Containers are removed before by those who made them; this is for those that were not. */
const SHUTDOWN_S = 1
const STOP_LIMIT_MS = 3000

/** A containerd of the machine must not be found: its containers would not be ours to end. */
const ALONE = 'mkdir -p /run/containerd && mount -t tmpfs -o mode=0711 tmpfs /run/containerd && exec "$0" "$@"'

export interface Dockerd {
  /** Resolves to how it ended, in words. */
  readonly ended: Promise<string>
  /** Ends it and everything of it. */
  close(): Promise<void>
}

/** Starts it; resolves when it answers. Throws DeployError DEPLOY_NOT_READY when it ends first, or does not within a minute. */
export const startDockerd = async ({ dir, program }: EngineConfig): Promise<Dockerd> => {
  await endLeftovers(dir)
  const child = spawn('setpriv', [...bound, program, ...optionsOf(dir)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const ended = endOf(child, program)
  let how: string | undefined
  void ended.then(end => (how = end))
  const engine: Dockerd = {
    ended,
    async close() {
      child.kill('SIGTERM')
      const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
      await ended
      clearTimeout(limit)
      await endLeftovers(dir)
    },
  }
  const docker = openEngine(ownSocket(dir))
  for (const deadline = performance.now() + START_LIMIT_MS; ;) {
    const answers = await docker.ping().then(
      () => true,
      () => false,
    )
    if (answers) return engine
    if (how !== undefined || performance.now() > deadline) {
      await engine.close()
      throw new DeployError('DEPLOY_NOT_READY', `The Docker engine did not start: ${how ?? 'it does not answer'}.`)
    }
    await sleep(PAUSE_MS)
  }
}

const bound = ['--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--propagation', 'slave', 'sh', '-c', ALONE]

const optionsOf = (dir: string): readonly string[] => [
  `--host=unix://${ownSocket(dir)}`,
  '--bridge=none',
  '--iptables=false',
  '--ip-masq=false',
  `--data-root=${dataRoot(dir)}`,
  `--exec-root=${execRoot(dir)}`,
  `--pidfile=${join(dir, PID_FILE)}`,
  '--exec-opt=native.cgroupdriver=cgroupfs',
  `--shutdown-timeout=${SHUTDOWN_S}`,
  '--log-level=error',
]

const endOf = (child: ChildProcess, program: string): Promise<string> => {
  const { promise, resolve } = Promise.withResolvers<string>()
  child.once('error', error => resolve(`${program} cannot be run (${error.message})`))
  child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  return promise
}
