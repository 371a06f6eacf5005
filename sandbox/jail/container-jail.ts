// The jail where bubblewrap cannot run (in a default container, on macOS, on Windows): each host is a hardened container of its own, spoken with over its
// attach stream. It opens the ring and its intent record by name, in directories that the engine mounts.
import type Docker from 'dockerode'
import { type Logger } from 'pino'
import { type OutputListener } from '../engine/attach-stream.ts'
import { type AttachedContainer, attachContainer } from '../engine/attached-container.ts'
import { postureDifferences } from '../engine/container-posture.ts'
import { openUsage, type Usage } from '../engine/container-usage.ts'
import { type EngineAddress, openEngine, reachEngine } from '../engine/docker-engine.ts'
import { openStartQueue } from '../engine/start-queue.ts'
import { ownLabels, removeContainers, sweepContainers } from '../engine/sweep-containers.ts'
import { ensureHostImage } from '../image/isolate-host/host-image.ts'
import { type HostProgram } from '../image/isolate-host/host-program.ts'
import { memoryDirectory } from '../machine/shared-folder.ts'
import { hostFlags, type HostPlan } from './host-container-flags.ts'
import { type ConfinedHost, type HostCommand, type HowEnded, type Jail } from './jail.ts'

export interface HostEngine {
  readonly engine: EngineAddress
  /** Whose containers these are; what a dead process left behind under it is removed at start. */
  readonly label: string
  /** An image that is in the engine; default: the one that is assembled here. */
  readonly image?: string
  /** Where files in memory go that the engine sees under the same path; default /dev/shm. Needed where this process is in a container itself. */
  readonly sharedDir?: string
}

export interface ContainerJailOptions extends HostEngine {
  readonly dir: string
  readonly logger: Logger
}

const PROCESSORS = 2

/** Opens the jail. Throws SANDBOX_ENGINE_UNREACHABLE. */
export async function openContainerJail(options: ContainerJailOptions): Promise<Jail> {
  const { engine, label, logger, dir } = options
  const docker = openEngine(engine)
  await reachEngine(docker, engine)
  await sweepContainers(docker, label)
  const { NCPU: present = 1 } = (await docker.info()) as { readonly NCPU?: number }
  const processors = Math.min(PROCESSORS, present)
  const left = new Set<string>()
  const running = new Set<AttachedContainer>()
  let image: Promise<string> | undefined
  const forget = (): void => {
    image = undefined
  }
  const imageOf = async (files: HostProgram): Promise<string> => {
    if (options.image !== undefined) return options.image
    image ??= ensureHostImage(docker, files)
    image.catch(forget)
    return image
  }
  const start = openStartQueue({
    docker,
    engine,
    logger,
    // The next attempt puts it there again.
    restoreImage: () => Promise.resolve(forget()),
    onReturn: () => removeContainers(docker, left),
  })

  return {
    kind: 'container',
    remarks: [],
    sharedDir: options.sharedDir ?? memoryDirectory(dir),
    start(command: HostCommand, onOutput: OutputListener): ConfinedHost {
      const { files, nodeFlags, memoryMb, ring, intent, niceness = 0 } = command
      const make = async (): Promise<StartedHost> => {
        const plan: HostPlan = {
          image: await imageOf(files),
          labels: ownLabels(label),
          nodeFlags,
          entry: files.entry,
          ring: ring.folder,
          intent: intent.folder,
          memoryMb,
          processors,
          givesWay: niceness > 0,
        }
        const host = await startHostContainer(docker, { plan, onOutput, logger, onLeft: id => left.add(id) })
        running.add(host.container)
        void host.container.removed.then(() => running.delete(host.container))
        return host
      }
      return confine(signal => start(make, { signal, once: false }))
    },
    async close() {
      await Promise.all([...running].map(({ removed }) => removed))
    },
  }
}

interface StartedHost {
  readonly container: AttachedContainer
  readonly pid: number
  readonly usage: Usage
  differences(): Promise<readonly string[]>
  kill(): void
}

interface StartOptions {
  readonly plan: HostPlan
  readonly onOutput: OutputListener
  readonly logger: Logger
  readonly onLeft: (id: string) => void
}

async function startHostContainer(
  docker: Docker,
  { plan, onOutput, logger, onLeft }: StartOptions,
): Promise<StartedHost> {
  const flags = hostFlags(plan)
  const container: AttachedContainer = await attachContainer({
    docker,
    flags,
    logger,
    onOutput,
    onLeft,
    onBreach: () => container.kill(),
  })
  try {
    await container.start()
    const { State } = await container.inspect()
    const usage = openUsage(State.Pid, container.id)
    return {
      container,
      pid: State.Pid,
      usage,
      differences: async () => postureDifferences(await container.inspect(), flags, usage),
      kill: () => container.kill(),
    }
  } catch (error) {
    container.kill()
    throw error
  }
}

/** The interface of a confined host over one that is being started. */
function confine(start: (signal: AbortSignal) => Promise<StartedHost>): ConfinedHost {
  const closing = new AbortController()
  let host: StartedHost | undefined
  const started = (async () => (host = await start(closing.signal)))()
  const follow = async (): Promise<HowEnded> => {
    try {
      const { container } = await started
      const { exitCode, outOfMemory } = await container.ended
      return { code: exitCode ?? null, signal: null, outOfMemory }
    } catch (error) {
      return {
        code: null,
        signal: null,
        outOfMemory: false,
        why: error instanceof Error ? error.message : String(error),
      }
    }
  }
  return {
    started: started.catch(() => undefined),
    ended: follow(),
    write: bytes => host?.container.write(bytes),
    end: () => host?.container.end(),
    // Its id means something only where its processes can be seen.
    nodePid: () => (host?.usage.pids().includes(host.pid) ? host.pid : undefined),
    differences: async () => (await started).differences(),
    kill() {
      closing.abort()
      host?.kill()
    },
  }
}
