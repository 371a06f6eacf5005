// Where filters' containers come from: each is made when a filter needs it, a few at a time, and again when the engine was away.
import type Docker from 'dockerode'
import { type Logger } from 'pino'
import { type EngineAddress } from '../engine/docker-engine.ts'
import { openStartQueue } from '../engine/start-queue.ts'
import { removeContainers } from '../engine/sweep-containers.ts'
import { type ContainerPlan } from './process/container-flags.ts'
import { type ContainerProcess, startContainer } from './process/container-process.ts'

export interface ContainerPoolOptions {
  readonly docker: Docker
  readonly engine: EngineAddress
  /** What all of them have in common. */
  readonly plan: Omit<ContainerPlan, 'memoryMb'>
  readonly logger: Logger
  /** Puts the image into the engine. */
  readonly restoreImage: () => Promise<unknown>
  /** Told how many there are whenever that changes. */
  readonly onCount: (count: number) => void
}

/** A pool that keeps no container ready: a start takes a fraction of a second, and each costs memory. */
export function openContainerPool({ docker, engine, plan, logger, restoreImage, onCount }: ContainerPoolOptions) {
  /** Those that are still being removed are processes too. */
  const present = new Set<ContainerProcess>()
  /** Those that could not be removed while the engine was away. */
  const left = new Set<string>()
  const start = openStartQueue({
    docker,
    engine,
    logger,
    restoreImage,
    onReturn: () => removeContainers(docker, left),
  })
  const forgetWhenRemoved = async (container: ContainerProcess): Promise<void> => {
    await container.removed
    present.delete(container)
    onCount(present.size)
  }

  return {
    /** A proved container whose filters may have so much memory together; while the engine is away it waits until `signal`, unless `once`. */
    async take(memoryMb: number, signal: AbortSignal, once: boolean): Promise<ContainerProcess> {
      const full = { ...plan, memoryMb }
      const make = (): Promise<ContainerProcess> =>
        startContainer({ docker, plan: full, logger, onLeft: id => left.add(id) })
      const started = await start(make, { signal, once })
      present.add(started)
      onCount(present.size)
      void forgetWhenRemoved(started)
      return started
    },
    /** Process ids of everything that runs in them. */
    pids: (): number[] => [...present].flatMap(({ usage }) => usage.pids()),
    /** Settles when the engine has removed all that were ended, or could not. */
    async removed(): Promise<void> {
      await Promise.all([...present].map(container => container.removed))
    },
  }
}
