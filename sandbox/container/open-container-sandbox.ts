// The container runtime: Python filters in hardened containers, one for each or one for each author, behind the same interface as the isolates.
import { mkdirSync, rmSync } from 'node:fs'
import { checkBatch, checkProgram } from '../check-input.ts'
import { type Batch } from '../columns/batch.ts'
import { openLayouts } from '../columns/layout-numbers.ts'
import { openEngine, reachEngine, takesGroups } from '../engine/docker-engine.ts'
import { ownLabels, sweepContainers } from '../engine/sweep-containers.ts'
import { SandboxError } from '../errors.ts'
import { ensureImage } from '../image/python/ensure-image.ts'
import { copyGuestFiles } from '../image/python/guest-files.ts'
import { openCpuGroup } from '../machine/cpu-group.ts'
import { makeOwnDirectory } from '../machine/leftovers.ts'
import { memoryDirectory } from '../machine/shared-folder.ts'
import { openRing } from '../protocol/batch-ring.ts'
import { placedBatch } from '../protocol/placed-batch.ts'
import { type LoadOutcome, type Posture, type Program, type Sandbox, type Verdicts } from '../sandbox.ts'
import { openContainerAssignment } from './container-assignment.ts'
import { openContainerPool } from './container-pool.ts'
import { type ContainerSandboxOptions, DEFAULT_LOAD_MS, DEFAULT_PROVE_MS } from './options.ts'
import { type ContainerProcess } from './process/container-process.ts'
import { SharedContainer } from './supervision/shared-container.ts'
import { SupervisedFilter } from './supervision/supervised-filter.ts'

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
  const loaded = new Map<string, SupervisedFilter>()
  let closed = false
  const pool = openContainerPool({
    docker,
    engine,
    plan: { image, labels: ownLabels(label), guest: copyGuestFiles(dir), ring: ring.folder, cpuGroup },
    logger,
    restoreImage,
    onCount: count => metrics?.hosts('container', 'working', count),
  })
  const onRestart = (reason: string): void => {
    metrics?.restarted('container', reason)
    options.onRestart?.(reason)
  }
  const containerFor = openContainerAssignment({
    shareByAuthor: options.shareByAuthor ?? false,
    open: memoryMb =>
      new SharedContainer({ start: (signal, once) => pool.take(memoryMb, signal, once), logger, onRestart }),
  })
  const assertOpen = (): void => {
    if (closed) throw new SandboxError('SANDBOX_CLOSED', 'The sandbox is closed; open a new one.')
  }
  const running = (): ContainerProcess[] => [...new Set([...loaded.values()].flatMap(filter => filter.process ?? []))]
  const unload = async (id: string, filter = loaded.get(id)): Promise<void> => {
    if (filter === undefined || loaded.get(id) !== filter) return
    await filter.unload()
    if (loaded.get(id) === filter) loaded.delete(id)
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
      if (loaded.has(id))
        throw new SandboxError(
          'SANDBOX_PROGRAM_INVALID',
          `Filter ${id} is loaded; unload it before loading another version.`,
        )
      const filter = new SupervisedFilter({
        program,
        container: containerFor(program),
        loadMs: options.loadMs ?? DEFAULT_LOAD_MS,
      })
      loaded.set(id, filter)
      let outcome: LoadOutcome | undefined
      try {
        return (outcome = await filter.load())
      } finally {
        if (!outcome?.ok) {
          loaded.delete(id)
          await filter.close()
        }
      }
    },
    unload: id => unload(id),
    async evaluate(batch: Batch, filters: readonly string[]): Promise<Verdicts[]> {
      assertOpen()
      checkBatch(batch)
      const named = filters.map(id => {
        const filter = loaded.get(id)
        if (filter !== undefined) return filter
        throw new SandboxError('SANDBOX_FILTER_UNKNOWN', `Filter ${id} is not loaded; load it before evaluating it.`)
      })
      const entry = ring.write(batch)
      try {
        const placed = placedBatch(batch, layoutOf(batch.set), entry.offset)
        // All must be over before the batch's memory is given back, also when one rejects.
        const settled = await Promise.allSettled(named.map(filter => filter.evaluate(placed)))
        const all = settled.map(result => {
          if (result.status === 'rejected') throw result.reason
          return result.value
        })
        for (const [index, { filter: id, failure }] of all.entries()) {
          const filter = named[index]
          if (failure === undefined || loaded.get(id) !== filter) continue
          loaded.delete(id)
          void filter?.unload()
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
    hostPids: () => pool.pids(),
    containerIds: () => running().map(({ id }) => id),
    async close(): Promise<void> {
      if (closed) return
      closed = true
      clearInterval(proving)
      await Promise.all([...loaded.values()].map(filter => filter.close()))
      await pool.removed()
      ring.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
