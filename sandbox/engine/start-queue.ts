// Containers on request: a few at a time, again when the engine was away, with the image put back when it is missing.
import { setTimeout as sleep } from 'node:timers/promises'
import type Docker from 'dockerode'
import { type Logger } from 'pino'
import { SandboxError } from '../errors.ts'
import { type EngineAddress, reachEngine, statusOf } from './docker-engine.ts'

/** More at the same time only makes each slower. */
const AT_ONCE = 4
const RETRY_MS = 500
/** Starts that fail although the engine answers. */
const MAX_FAILURES = 3

export interface StartQueueOptions {
  readonly docker: Docker
  readonly engine: EngineAddress
  readonly logger: Logger
  /** Puts the image into the engine. */
  readonly restoreImage: () => Promise<unknown>
  /** The engine answers again after it was away. */
  readonly onReturn: () => Promise<unknown>
}

/** What becomes of an attempt that comes too late. */
interface Started {
  kill(reason: 'retired'): void
}

/** A function that has a container made; while the engine is away it waits until `signal`, unless `once`. */
export function openStartQueue({ docker, engine, logger, restoreImage, onReturn }: StartQueueOptions) {
  let running = 0
  const waiting: (() => void)[] = []
  const inLine = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running === AT_ONCE) await new Promise<void>(resolve => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }

  const attempt = async <T>(make: () => Promise<T>): Promise<T> => {
    try {
      return await make()
    } catch (error) {
      if (error instanceof SandboxError) throw error
      // An answer that refuses, a missing image first of all; without an answer, whether anybody is there at all.
      if (statusOf(error) === 404) await restoreImage()
      else await reachEngine(docker, engine)
      throw new SandboxError(
        'SANDBOX_HOST_START',
        `The engine made no container: ${error instanceof Error ? error.message.trim() : String(error)}`,
        {
          cause: error,
        },
      )
    }
  }

  return async function start<T extends Started>(
    make: () => Promise<T>,
    { signal, once }: { readonly signal: AbortSignal; readonly once: boolean },
  ): Promise<T> {
    let away = false
    for (let failures = 0; ;) {
      try {
        const started = await inLine(() => attempt(make))
        if (!signal.aborted) return started
        started.kill('retired')
        throw new SandboxError('SANDBOX_CLOSED', 'A container was not needed any more while it was started.')
      } catch (error) {
        const lost = error instanceof SandboxError && error.code === 'SANDBOX_ENGINE_UNREACHABLE'
        if (signal.aborted || (lost && once) || (!lost && ++failures === MAX_FAILURES)) throw error
        if (lost && !away) logger.error({ err: error }, 'the Docker engine is away; filters that need it wait')
        away ||= lost
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined)
      }
      if (
        away &&
        (await reachEngine(docker, engine).then(
          () => true,
          () => false,
        ))
      ) {
        away = false
        await onReturn().catch((error: unknown) =>
          logger.warn({ err: error }, 'what the engine kept could not be swept'),
        )
      }
    }
  }
}
