// The production jail: bubblewrap for namespaces and a file system of a few read-only files, setpriv for the user, seccomp for system calls, a memory
// cgroup, and limits for descriptors and core files. Nothing of the machine is visible inside but Node, its libraries and the host's own program.
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SandboxError } from '../errors.ts'
import { type Confined, HOST_ENVIRONMENT, type HostCommand, type Jail } from './jail.ts'
import { type MemoryGroup, openMemoryGroups } from './memory-group.ts'
import { postureDifferences } from './posture.ts'
import { assembleSeccomp, type OnForbidden } from './seccomp.ts'
import { sharedLibraries } from './shared-libraries.ts'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'

const NOBODY = 65_534
/** Where things lie inside. */
const INSIDE = { node: '/app/node', code: '/app/code', packages: '/app/node_modules' } as const
/** Descriptor bubblewrap reads the seccomp filter from; it closes it before it starts the host. */
const SECCOMP_FD = 5

export interface BubblewrapOptions {
  /** Private directory for the seccomp filter. */
  readonly dir: string
  readonly onForbidden?: OnForbidden
}

/** Finds a program or says how to get it. */
function find(program: string, how: string): string {
  try {
    return execFileSync('/bin/sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim()
  } catch {
    throw new SandboxError(
      'SANDBOX_UNAVAILABLE',
      `The process sandbox needs ${program}, which is not on this machine; install it (${how}), or start with --unsafe-sandbox for development.`,
    )
  }
}

const childrenOf = (pid: number): number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** Opens the jail. Throws SANDBOX_UNAVAILABLE with what to install or do. */
export function openBubblewrapJail({ dir, onForbidden = 'errno' }: BubblewrapOptions): Jail {
  const bwrap = find('bwrap', 'apt-get install bubblewrap')
  const setpriv = find('setpriv', 'apt-get install util-linux')
  const prlimit = find('prlimit', 'apt-get install util-linux')
  const unshare = find('unshare', 'apt-get install util-linux')
  const root = process.getuid?.() === 0
  const uid = root ? NOBODY : (process.getuid?.() ?? NOBODY)
  const gid = root ? NOBODY : (process.getgid?.() ?? NOBODY)
  const node = realpathSync(process.execPath)
  const filter = join(dir, 'seccomp.bpf')
  writeFileSync(filter, assembleSeccomp({ onForbidden }), { mode: 0o600 })
  const groups = openMemoryGroups()
  const remarks =
    'why' in groups ? [`hosts have no memory cgroup (${groups.why}); their memory is watched from outside instead`] : []
  if (!root) remarks.push(`hosts run as uid ${uid}, because only root can give them a user of their own`)
  const libraries = sharedLibraries([node])
  // As root the sources are first mounted here, since the host's user need not reach where they lie (a home directory, the data directory).
  const stage = root ? mkdtempSync(join(tmpdir(), 'skysieve-stage-')) : undefined

  const stagePlan = (
    files: HostCommand['files'],
  ): { mounts: [string, string][]; node: string; code: string; packages: Record<string, string> } => {
    if (stage === undefined) return { mounts: [], node, code: files.code, packages: { ...files.packages } }
    execFileSync('chmod', ['755', stage])
    const staged = { node: join(stage, 'node'), code: join(stage, 'code') }
    writeFileSync(staged.node, '')
    mkdirSync(staged.code, { recursive: true })
    const packages: Record<string, string> = {}
    const mounts: [string, string][] = [
      [node, staged.node],
      [files.code, staged.code],
    ]
    for (const [name, path] of Object.entries(files.packages)) {
      packages[name] = join(stage, 'packages', name)
      mkdirSync(packages[name], { recursive: true })
      mounts.push([path, packages[name]])
    }
    return { mounts, ...staged, packages }
  }
  let plan: ReturnType<typeof stagePlan> | undefined

  const argumentsOf = (command: HostCommand, group: MemoryGroup | undefined): string[] => {
    plan ??= stagePlan(command.files)
    const bind = (from: string, to: string): string[] => ['--ro-bind', from, to]
    const inner = [
      ...[
        setpriv,
        ...(root
          ? [
              '--reuid',
              String(NOBODY),
              '--regid',
              String(NOBODY),
              '--clear-groups',
              '--bounding-set=-all',
              '--inh-caps=-all',
            ]
          : []),
      ],
      ...['--no-new-privs', prlimit, '--core=0', '--nofile=64', '--fsize=16777216'],
      ...[
        bwrap,
        '--unshare-all',
        '--die-with-parent',
        '--new-session',
        '--clearenv',
        '--hostname',
        'filter',
        '--cap-drop',
        'ALL',
      ],
      ...['--uid', String(NOBODY), '--gid', String(NOBODY)],
      ...Object.entries(HOST_ENVIRONMENT).flatMap(([name, value]) => ['--setenv', name, value]),
      ...libraries.flatMap(path => bind(path, path)),
      ...bind(plan.node, INSIDE.node),
      ...bind(plan.code, INSIDE.code),
      ...Object.entries(plan.packages).flatMap(([name, path]) => bind(path, join(INSIDE.packages, name))),
      ...['--remount-ro', '/', '--chdir', '/app', '--seccomp', String(SECCOMP_FD)],
      ...[INSIDE.node, ...command.nodeFlags, join(INSIDE.code, command.files.entry)],
    ]
    if (!root && group === undefined) return inner
    const steps = [
      ...(group === undefined ? [] : [`echo $$ > '${group.procs}'`]),
      ...plan.mounts.map(([from, to]) => `mount --bind '${from}' '${to}'`),
      'exec "$@"',
    ]
    const shell = ['/bin/sh', '-c', steps.join(' && '), 'sh', ...inner]
    return root ? [unshare, '--mount', '--propagation', 'private', ...shell] : shell
  }

  return {
    kind: 'bubblewrap',
    remarks,
    start(command: HostCommand): Confined {
      const group = 'why' in groups ? undefined : groups.make(command.memoryMb)
      const seccomp = openSync(filter, 'r')
      const [program = '', ...args] = argumentsOf(command, group)
      const child = spawn(program, args, {
        stdio: ['pipe', 'pipe', 'pipe', command.ring, command.intent, seccomp],
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
        cwd: '/',
      })
      closeSync(seccomp)
      let nodePid: number | undefined
      const findNode = (): number | undefined => {
        if (nodePid !== undefined || child.pid === undefined) return nodePid
        // bubblewrap → its init in the new pid namespace → Node
        const init = childrenOf(child.pid)[0]
        nodePid = init === undefined ? undefined : childrenOf(init)[0]
        return nodePid
      }
      return {
        child,
        nodePid: findNode,
        outOfMemory: () => (group?.oomKills() ?? 0) > 0,
        ...(group === undefined ? { watchMemoryMb: command.memoryMb } : {}),
        kill: () => void child.kill('SIGKILL'),
        dispose: () => group?.dispose(),
      }
    },
    inspect: pid => postureDifferences(pid, { uid, gid, environment: [...Object.keys(HOST_ENVIRONMENT), 'PWD'] }),
    close() {
      if (!('why' in groups)) groups.close()
      if (stage !== undefined) rmSync(stage, { recursive: true, force: true })
    },
  }
}
