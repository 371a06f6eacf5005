// The command line of a confined host: user and limits, then bubblewrap with what is visible inside, then Node with the host's program.
import { join } from 'node:path'
import { INSIDE } from '../image/isolate-host/host-program.ts'
import { HOST_ENVIRONMENT } from './jail.ts'

export const NOBODY = 65_534
/** Descriptor bubblewrap reads the seccomp filter from; it closes it before it starts the host. */
const SECCOMP_FD = 5
/** The largest file a host can write: there is none but its intent record. */
const MAX_FILE_BYTES = 65_536

/** Programs of the system that take part. */
export interface Tools {
  readonly bwrap: string
  readonly setpriv: string
  readonly prlimit: string
  readonly unshare: string
}

/** Where things lie outside, as the host's user reaches them. */
export interface Visible {
  readonly node: string
  readonly code: string
  readonly packages: Readonly<Record<string, string>>
  readonly libraries: readonly string[]
}

export interface ConfinedCommand {
  readonly tools: Tools
  readonly root: boolean
  readonly visible: Visible
  readonly nodeFlags: readonly string[]
  readonly entry: string
}

const words = (text: string): string[] => text.split(' ')
const bind = (from: string, to: string): string[] => ['--ro-bind', from, to]

/** From the change of user to Node's arguments. */
export function confinedCommand({ tools, root, visible, nodeFlags, entry }: ConfinedCommand): string[] {
  const { node, code, packages, libraries } = visible
  const user = words(`--reuid ${NOBODY} --regid ${NOBODY} --clear-groups --bounding-set=-all --inh-caps=-all`)
  return [
    tools.setpriv,
    ...(root ? user : []),
    '--no-new-privs',
    tools.prlimit,
    ...words(`--core=0 --nofile=64 --fsize=${MAX_FILE_BYTES}`),
    tools.bwrap,
    ...words('--unshare-all --die-with-parent --new-session --clearenv --hostname filter --cap-drop ALL'),
    ...words(`--uid ${NOBODY} --gid ${NOBODY}`),
    ...Object.entries(HOST_ENVIRONMENT).flatMap(([name, value]) => ['--setenv', name, value]),
    ...libraries.flatMap(path => bind(path, path)),
    ...bind(node, INSIDE.node),
    ...bind(code, INSIDE.code),
    ...Object.entries(packages).flatMap(([name, path]) => bind(path, join(INSIDE.packages, name))),
    ...words(`--remount-ro / --chdir /app --seccomp ${SECCOMP_FD}`),
    INSIDE.node,
    ...nodeFlags,
    join(INSIDE.code, entry),
  ]
}

/** Joins a memory group ($1, may be empty), mounts pairs of paths up to a "--", and becomes the rest. */
const PREPARE =
  '[ -z "$1" ] || echo $$ > "$1" || exit 1; shift; ' +
  'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 1; shift 2; done; shift; exec "$@"'

/** Puts the preparation before a command; only root can mount, in a mount namespace of its own. */
export function preparedCommand(
  { unshare }: Tools,
  {
    group = '',
    mounts,
  }: { readonly group?: string | undefined; readonly mounts: readonly (readonly [string, string])[] },
  command: readonly string[],
): string[] {
  const shell = ['/bin/sh', '-c', PREPARE, 'sh', group, ...mounts.flat(), '--', ...command]
  return mounts.length > 0 ? [unshare, '--mount', '--propagation', 'private', ...shell] : shell
}
