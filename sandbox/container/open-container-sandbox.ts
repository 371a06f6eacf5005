// The container runtime: Python filters in hardened containers, one for each or one for each author, behind the same interface as the isolates.
import { mkdirSync, rmSync } from 'node:fs'
import { type Batch } from '../columns/batch.ts'
import { SandboxError } from '../errors.ts'
import { checkBatch, checkProgram } from '../check-input.ts'
import { openLayouts } from '../columns/layout-numbers.ts'
import { openRing } from '../protocol/batch-ring.ts'
import { memoryDirectory } from '../machine/shared-folder.ts'
import { placedBatch } from '../protocol/placed-batch.ts'
import { makeOwnDirectory } from '../machine/leftovers.ts'
import { type LoadOutcome, type Posture, type Program, type Sandbox, type Verdicts } from '../sandbox.ts'
import { type ContainerProcess, startContainer } from './process/container-process.ts'
import { openCpuGroup } from '../machine/cpu-group.ts'
import { openEngine, reachEngine, takesGroups } from '../engine/docker-engine.ts'
import { copyGuestFiles } from '../image/python/guest-files.ts'
import { ensureImage } from '../image/python/ensure-image.ts'
import { type ContainerSandboxOptions, DEFAULT_LOAD_MS, DEFAULT_PROVE_MS } from './options.ts'
import { Room } from './supervision/shared-container.ts'
import { openRooms } from './container-assignment.ts'
import { ContainerSeat } from './supervision/supervised-filter.ts'
import { openStarter } from '../engine/start-queue.ts'
import { ownLabels, removeContainers, sweepContainers } from '../engine/sweep-containers.ts'

/** What the container runtime offers beyond the common interface. */
export interface ContainerSandbox extends Sandbox {
  /** Process ids of everything that runs in its containers, for tests and operators. */
  hostPids(): number[]
  /** Ids of its containers. */
  containerIds(): string[]
}

/** Opens the container runtime. Throws SANDBOX_ENGINE_UNREACHABLE, or SANDBOX_IMAGE when the engine lacks the image and it cannot be made. */
export async function openContainerSandbox(options: ContainerSandboxOptions): Promise<ContainerSandbox> {
  const { engine, label, logger, metrics } = options
  const docker = openEngine(engine)
  await reachEngine(docker, engine)
  const swept = await sweepContainers(docker, label)
  if (swept > 0) logger.info({ containers: swept }, 'containers that a dead process left behind were removed')
  const restoreImage = (): Promise<string> => ensureImage(docker, options.imageCache)
  const image = options.image ?? (await restoreImage())
  const cpuGroup = (await takesGroups(docker, engine)) ? openCpuGroup() : undefined

  mkdirSync(options.dir, { recursive: true })
  const dir = makeOwnDirectory(options.dir, 'containers-')
  const ring = openRing(options.sharedDir ?? memoryDirectory(dir), { named: true })
  const layoutOf = openLayouts()
  const seats = new Map<string, ContainerSeat>()
  /** Those that are still being removed are processes too. */
  const processes = new Set<ContainerProcess>()
  /** Those that could not be removed while the engine was away. */
  const left = new Set<string>()
  let closed = false

  const tell = (): void => metrics?.hosts('container', 'working', processes.size)
  const start = openStarter({
    docker,
    engine,
    logger,
    restoreImage,
    onReturn: () => removeContainers(docker, left),
  })
  const forget = async (container: ContainerProcess): Promise<void> => {
    await container.removed
    processes.delete(container)
    tell()
  }
  const plan = { image, labels: ownLabels(label), guest: copyGuestFiles(dir), ring: ring.folder, cpuGroup }
  const startKnown = async (memoryMb: number, signal: AbortSignal, once: boolean): Promise<ContainerProcess> => {
    const full = { ...plan, memoryMb }
    const make = (): Promise<ContainerProcess> =>
      startContainer({ docker, plan: full, logger, onLeft: id => left.add(id) })
    const started = await start(make, { signal, once })
    processes.add(started)
    tell()
    void forget(started)
    return started
  }
  const onRestart = (reason: string): void => {
    metrics?.restarted('container', reason)
    options.onRestart?.(reason)
  }
  const roomOf = openRooms({
    shareByAuthor: options.shareByAuthor ?? false,
    open: memoryMb => new Room({ start: (signal, once) => startKnown(memoryMb, signal, once), logger, onRestart }),
  })
  const assertOpen = (): void => {
    if (closed) throw new SandboxError('SANDBOX_CLOSED', 'The sandbox is closed; open a new one.')
  }
  const running = (): ContainerProcess[] => [...new Set([...seats.values()].flatMap(seat => seat.process ?? []))]
  const unload = async (filter: string, seat = seats.get(filter)): Promise<void> => {
    if (seat === undefined || seats.get(filter) !== seat) return
    await seat.unload()
    if (seats.get(filter) === seat) seats.delete(filter)
  }
  const differencesOf = (container: ContainerProcess): Promise<readonly string[]> =>
    container.differences().catch((error: unknown) => {
      const gone = !running().includes(container)
      return gone ? [] : [`its state cannot be read (${error instanceof Error ? error.message.trim() : String(error)})`]
    })
  const prove = async (): Promise<void> => {
    for (const container of running()) {
      const differences = await differencesOf(container)
      if (differences.length === 0) continue
      logger.error({ differences }, 'a container is not confined any more; it is replaced')
      container.kill('posture')
    }
  }
  const proving = setInterval(() => void prove(), options.proveMs ?? DEFAULT_PROVE_MS).unref()

  return {
    async load(program: Program): Promise<LoadOutcome> {
      assertOpen()
      checkProgram(program, 'container')
      const { id } = program
      if (seats.has(id))
        throw new SandboxError(
          'SANDBOX_PROGRAM_INVALID',
          `Filter ${id} is loaded; unload it before loading another version.`,
        )
      const seat = new ContainerSeat({
        program,
        room: roomOf(program),
        loadMs: options.loadMs ?? DEFAULT_LOAD_MS,
      })
      seats.set(id, seat)
      let outcome: LoadOutcome | undefined
      try {
        return (outcome = await seat.load())
      } finally {
        if (!outcome?.ok) {
          seats.delete(id)
          await seat.close()
        }
      }
    },
    unload: filter => unload(filter),
    async evaluate(batch: Batch, filters: readonly string[]): Promise<Verdicts[]> {
      assertOpen()
      checkBatch(batch)
      const named = filters.map(filter => {
        const seat = seats.get(filter)
        if (seat !== undefined) return seat
        throw new SandboxError(
          'SANDBOX_FILTER_UNKNOWN',
          `Filter ${filter} is not loaded; load it before evaluating it.`,
        )
      })
      const entry = ring.write(batch)
      try {
        const placed = placedBatch(batch, layoutOf(batch.set), entry.offset)
        // All must be over before the batch's memory is given back, also when one rejects.
        const settled = await Promise.allSettled(named.map(seat => seat.evaluate(placed)))
        const all = settled.map(result => {
          if (result.status === 'rejected') throw result.reason
          return result.value
        })
        for (const [index, { filter, failure }] of all.entries()) {
          const seat = named[index]
          if (failure === undefined || seats.get(filter) !== seat) continue
          seats.delete(filter)
          void seat?.unload()
        }
        return all
      } finally {
        entry.release()
      }
    },
    async posture(): Promise<Posture> {
      const differences = [...new Set((await Promise.all(running().map(differencesOf))).flat())]
      return { ok: differences.length === 0, kind: 'container', differences }
    },
    hostPids: () => [...processes].flatMap(({ usage }) => usage.pids()),
    containerIds: () => running().map(({ id }) => id),
    async close(): Promise<void> {
      if (closed) return
      closed = true
      clearInterval(proving)
      await Promise.all([...seats.values()].map(seat => seat.close()))
      await Promise.all([...processes].map(({ removed }) => removed))
      ring.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
