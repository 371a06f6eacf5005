// The simulator's life: wait for topics and registry, put the schema in, play; after a broken connection, go on where it broke.
import { type Logger } from 'pino'
import { HubError, openAdmin, openProducer, openRegistryClient, type PacketSource, playStream, STREAMS } from '#hub'
import { type Check } from '../ops-server.ts'
import { type SimulatorConfig } from './config.ts'
import { type SimulatorMetrics } from './metrics.ts'
import { openRetries } from '../retries.ts'
import { openSource, subjectOf } from './source.ts'

const CLIENT_ID = 'skysieve-simulator'
const MS = 1000

export interface Simulator {
  readonly checks: () => readonly Check[]
  /** Resolves when everything is played or the signal came; rejects when it cannot go on. */
  readonly done: Promise<void>
}

const awaitTopics = async (config: SimulatorConfig): Promise<void> => {
  const admin = openAdmin(config.hub, CLIENT_ID)
  try {
    const known = await admin.listTopics()
    const missing = Object.values(STREAMS).flatMap(({ topic }) => (known.includes(topic) ? [] : [topic]))
    if (missing.length > 0) throw new HubError('HUB_TOPIC_UNKNOWN', `the hub has no topic ${missing.join(', ')} yet`)
  } finally {
    await admin.close()
  }
}

/** Without the visits that were played to their end. */
const remaining = (source: PacketSource, played: () => number): PacketSource => ({
  ...source,
  async *visits() {
    const skipped = played()
    let visits = 0
    for await (const visit of source.visits()) if (++visits > skipped) yield visit
  },
})

/** Starts playing; answers at once. */
export const startSimulator = (
  config: SimulatorConfig,
  log: Logger,
  metrics: SimulatorMetrics,
  signal: AbortSignal,
): Simulator => {
  const retries = openRetries(['hub', 'registry'], log, signal)
  const registry = openRegistryClient(config.registryUrl, signal)
  let waiting: string | undefined
  let played = 0

  const play = async (source: PacketSource): Promise<void> => {
    const producer = await openProducer(config.hub, { clientId: CLIENT_ID })
    try {
      await playStream({
        producer,
        source,
        intervalMs: config.intervalS * MS,
        profile: config.burst ? 'burst' : 'smooth',
        ...(config.visits === undefined ? {} : { visits: config.visits - played }),
        signal,
        onVisit: ({ visit, topic, packets, refused, bytes, durationMs, lateMs }) => {
          played++
          metrics.played({ packets, bytes, lateMs })
          const times = { durationMs: Math.round(durationMs), lateMs: Math.round(lateMs) }
          log.info({ visit: String(visit), topic, packets, refused, bytes, ...times }, 'played a visit')
        },
        onRefused: error => {
          metrics.refused()
          log.warn(error.message)
        },
      })
    } finally {
      await producer.close()
    }
  }

  const run = async (): Promise<void> => {
    await retries.persist('hub', () => awaitTopics(config))
    await retries.persist('registry', () => registry.find(0))
    const source = await retries.persist('registry', async () => {
      const opened = await openSource(config, { registry, log, signal, waitFor: reason => (waiting = reason) })
      for (const schema of opened.schemas) {
        await registry.importSchema(schema)
        await registry.register(subjectOf(schema.schemaJson), schema.schemaJson, schema.id)
      }
      return opened
    })
    log.info({ source: config.source ?? 'synthetic', intervalS: config.intervalS }, 'playing')
    // A synthetic source never repeats a visit; of a folder, the visit that broke is sent again, as nobody knows how much of it arrived.
    const rest = config.source === undefined ? source : remaining(source, () => played)
    try {
      await retries.persist('hub', async () => {
        await awaitTopics(config)
        retries.fine('hub')
        await play(rest)
      })
    } finally {
      await source.close()
    }
    if (!signal.aborted) log.info({ visits: played }, 'everything is played')
  }

  return {
    // Waiting for a survey's schemas is no fault: they come from an operator, once the system runs.
    checks: () => [
      ...retries.checks(),
      waiting === undefined ? { name: 'schemas', ok: true } : { name: 'schemas', ok: true, reason: waiting },
    ],
    done: run().catch((error: unknown) => {
      if (!signal.aborted) throw error
    }),
  }
}
