// A survey's stream, taken into the hub for as long as this process lives. In: the survey's topic, by a feed. Out: its packets in the hub's alert topic,
// each once, and what an operator asks about it. It runs one incarnation after another (upstream-incarnation.ts).
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger } from 'pino'
import { HubError } from '../errors.ts'
import { type BrokerAccess } from '../kafka/broker-access.ts'
import { type RegistryClient } from '../registry/client/registry-client.ts'
import { type UpstreamState } from './advance-progress.ts'
import { openConverter } from './converter.ts'
import { type UpstreamMetrics } from './metrics.ts'
import { type ReadFrom, runUpstreamIncarnation, type UpstreamFeed } from './upstream-incarnation.ts'
import { type UpstreamSettings } from './upstream-settings.ts'

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 10_000
const SCHEMA_WAIT_MS = 10_000
/** Of the schemas taken over, the ids that are remembered. */
const MAX_TAKEN = 50

export interface UpstreamOptions {
  readonly name: string
  readonly settings: UpstreamSettings
  /** The hub's broker. */
  readonly hub: BrokerAccess
  /** The hub's registry, for writing. */
  readonly registry: RegistryClient
  readonly openFeed: (from: ReadFrom, signal: AbortSignal) => Promise<UpstreamFeed>
  readonly metrics: UpstreamMetrics
  readonly log: Logger
  /** How long packets wait for a schema that nobody has. Default 10 s. */
  readonly schemaWaitMs?: number
}

export interface Upstream {
  /** What is committed; undefined until it is known. */
  state: () => UpstreamState | undefined
  /** Why no packets are taken at this moment; undefined while they are. */
  problem: () => string | undefined
  /** Ids of schemas that came from the survey since the start, newest last. */
  schemas: () => readonly number[]
  /** Rejects with HUB_FENCED when another process has taken over; resolves when it was closed. */
  readonly ended: Promise<void>
  close: () => Promise<void>
}

/** Starts taking; returns at once. */
export const startUpstream = (options: UpstreamOptions): Upstream => {
  const { name, settings, hub, registry, openFeed, metrics, log, schemaWaitMs = SCHEMA_WAIT_MS } = options
  const stop = new AbortController()
  const { signal } = stop
  const schemas: number[] = []
  const beganMs = Date.now()
  let state: UpstreamState | undefined
  let failure: string | undefined = 'it has not begun yet'
  let waiting: string | undefined

  const onProblem = (problem: string | undefined): void => {
    if (problem !== undefined && problem !== waiting) log.warn({ upstream: name, why: problem }, 'packets wait')
    waiting = problem
  }
  const onTaken = (id: number): void => {
    schemas.push(id)
    schemas.splice(0, schemas.length - MAX_TAKEN)
    metrics.schemaTaken(name)
    log.info({ upstream: name, schemaId: id }, 'a schema came from the survey')
  }
  const converter = (ending: AbortSignal) =>
    openConverter({ name, settings, hub, registry, schemaWaitMs, onProblem, onTaken }, ending)

  const live = async (): Promise<void> => {
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
      const said = failure
      try {
        await runUpstreamIncarnation(
          { name, settings, hub, converter, openFeed, metrics },
          committed => {
            for (const gap of committed.gaps.filter(({ atMs }) => atMs > (state?.gaps.at(-1)?.atMs ?? beganMs)))
              log.error(
                { upstream: name, partition: gap.partition, from: String(gap.from), to: String(gap.to) },
                'packets were gone at the survey before they were read',
              )
            state = committed
            failure = undefined
            pauseMs = FIRST_PAUSE_MS
          },
          signal,
        )
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof HubError && error.code === 'HUB_FENCED') throw error
        failure = error instanceof Error ? error.message : String(error)
        if (failure !== said)
          log.error({ upstream: name, why: failure }, 'taking the stream begins again where it has committed')
      }
      waiting = undefined
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  const ended = live().finally(() => stop.abort())
  ended.catch(() => undefined)
  return {
    state: () => state,
    problem: () => waiting ?? failure,
    schemas: () => schemas,
    ended,
    close: async () => {
      stop.abort()
      await ended.catch(() => undefined)
    },
  }
}
