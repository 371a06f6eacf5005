// The production jail: bubblewrap for namespaces and a file system of a few read-only files, setpriv for the user, seccomp for system calls, a memory
// cgroup, and limits for descriptors and files. Nothing of the machine is visible inside but Node, its libraries and the host's own program.
import { spawn } from 'node:child_process'
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OutputListener } from '../engine/attach-stream.ts'
import { SandboxError } from '../errors.ts'
import { type HostProgram } from '../image/isolate-host/host-program.ts'
import { makeOwnDirectory } from '../machine/leftovers.ts'
import { openMemoryGroups } from '../machine/memory-group.ts'
import { runTool } from '../machine/run-tool.ts'
import { sharedLibraries } from '../machine/shared-libraries.ts'
import { confinedCommand, NOBODY, preparedCommand, type Tools, type Visible } from './bubblewrap-command.ts'
import { followChild } from './child-process.ts'
import { postureDifferences } from './host-posture.ts'
import { type ConfinedHost, HOST_ENVIRONMENT, type HostCommand, type Jail } from './jail.ts'
import { assembleSeccomp, type OnForbidden } from './seccomp-filter.ts'

export interface BubblewrapOptions {
  /** Private directory for the seccomp filter. */
  readonly dir: string
  readonly onForbidden?: OnForbidden
}

/** Opens the jail. Throws SANDBOX_UNAVAILABLE with what to install or do. */
export function openBubblewrapJail({ dir, onForbidden = 'errno' }: BubblewrapOptions): Jail {
  const tools = findTools()
  const root = process.getuid?.() === 0
  const uid = root ? NOBODY : (process.getuid?.() ?? NOBODY)
  const gid = root ? NOBODY : (process.getgid?.() ?? NOBODY)
  const filter = join(dir, 'seccomp.bpf')
  writeFileSync(filter, assembleSeccomp({ onForbidden }), { mode: 0o600 })
  const groups = openMemoryGroups()
  const remarks = [
    ...('why' in groups
      ? [`hosts have no memory cgroup: ${groups.why}; their memory is watched from outside instead`]
      : []),
    ...(root ? [] : [`hosts run as uid ${uid}, because only root can give them a user of their own`]),
  ]
  const stage = root ? openStage() : undefined
  const node = realpathSync(process.execPath)
  const libraries = sharedLibraries([node])
  const expected = { uid, gid, environment: [...Object.keys(HOST_ENVIRONMENT), 'PWD'] }
  let sources: Staged | undefined
  try {
    tryOut(tools, libraries)
  } catch (error) {
    stage?.close()
    throw error
  }

  return {
    kind: 'bubblewrap',
    remarks,
    start(
      { files, nodeFlags, memoryMb, ring, intent, niceness = 0 }: HostCommand,
      onOutput: OutputListener,
    ): ConfinedHost {
      sources ??= stage?.put(node, files) ?? { mounts: [], node, code: files.code, packages: files.packages }
      const group = 'why' in groups ? undefined : groups.make(memoryMb)
      const visible = { ...sources, libraries }
      const command = confinedCommand({ tools, root, visible, nodeFlags, entry: files.entry })
      const [program = '', ...args] = preparedCommand(tools, { group: group?.procs, mounts: sources.mounts }, command)
      const seccomp = openSync(filter, 'r')
      const child = spawn(program, args, {
        stdio: ['pipe', 'pipe', 'pipe', ring.descriptor, intent.descriptor, seccomp],
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
        cwd: '/',
        // A process group of its own, by which everything that sets the jail up is killed at once.
        detached: true,
      })
      closeSync(seccomp)
      const outOfMemory = (): boolean => {
        const told = (group?.oomKills() ?? 0) > 0
        group?.dispose()
        return told
      }
      let known: number | undefined
      // bubblewrap → its init in the new pid namespace → Node
      const nodePid = (): number | undefined => (known ??= firstChild(firstChild(child.pid)))
      return {
        ...followChild(child, { onOutput, niceness, leadsGroup: true, outOfMemory }),
        nodePid,
        ...(group === undefined ? { watchMemoryMb: memoryMb } : {}),
        differences() {
          const pid = nodePid()
          return Promise.resolve(pid === undefined ? ['its process is gone'] : postureDifferences(pid, expected))
        },
      }
    },
    async close() {
      if (!('why' in groups)) await groups.close()
      stage?.close()
    },
  }
}

interface Staged extends Omit<Visible, 'libraries'> {
  readonly mounts: readonly (readonly [string, string])[]
}

/** As root, sources are first mounted where the hosts' user reaches them, which a home or the data directory need not be. */
function openStage() {
  const dir = makeOwnDirectory(tmpdir(), 'skysieve-stage-')
  chmodSync(dir, 0o755)
  return {
    put(node: string, files: HostProgram): Staged {
      const to = { node: join(dir, 'node'), code: join(dir, 'code') }
      writeFileSync(to.node, '')
      mkdirSync(to.code)
      const packages = Object.fromEntries(Object.keys(files.packages).map(name => [name, join(dir, 'packages', name)]))
      for (const path of Object.values(packages)) mkdirSync(path, { recursive: true })
      const pairs = Object.entries(files.packages).map(([name, path]) => [path, packages[name] ?? ''] as const)
      return { ...to, packages, mounts: [[node, to.node], [files.code, to.code], ...pairs] }
    },
    close: (): void => rmSync(dir, { recursive: true, force: true }),
  }
}

const INSTEAD =
  'or run Skysieve where it is allowed (a machine, or a privileged container); --unsafe-sandbox runs filters without confinement, for development only'

function findTools(): Tools {
  const find = (program: string, debianPackage: string): string => {
    try {
      return runTool('/bin/sh', ['-c', `command -v ${program}`]).trim()
    } catch {
      throw new SandboxError(
        'SANDBOX_UNAVAILABLE',
        `The process sandbox needs ${program}, which is not on this machine; install it (apt-get install ${debianPackage}), ${INSTEAD}.`,
      )
    }
  }
  const [setpriv, prlimit, unshare] = ['setpriv', 'prlimit', 'unshare'].map(program => find(program, 'util-linux')) as [
    string,
    string,
    string,
  ]
  return { bwrap: find('bwrap', 'bubblewrap'), setpriv, prlimit, unshare }
}

/** Whether the kernel lets bubblewrap make namespaces at all; inside a default container it does not. */
function tryOut({ bwrap }: Tools, libraries: readonly string[]): void {
  // Not the whole file system: mounts of others, a Docker engine's for instance, may go while they are bound.
  const visible = ['/bin/true', ...libraries].flatMap(path => ['--ro-bind', path, path])
  try {
    runTool(bwrap, ['--unshare-all', ...visible, '/bin/true'])
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr ?? error).trim()
    throw new SandboxError(
      'SANDBOX_UNAVAILABLE',
      `bubblewrap cannot make namespaces here (${said}); allow unprivileged user namespaces, ${INSTEAD}.`,
      { cause: error },
    )
  }
}

function firstChild(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined
  try {
    const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0])
    return child > 0 ? child : undefined
  } catch {
    return undefined
  }
}
