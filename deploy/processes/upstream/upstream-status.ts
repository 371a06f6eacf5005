// What the hub's API is told of upstreams: a record of skysieve.status each, and a tombstone for one that is no more.
import { STATUS_TOPIC } from '#filters'
import {
  type BrokerAccess,
  openLogReader,
  openProducer,
  type Producer,
  type UpstreamGap,
  type UpstreamSettings,
  type UpstreamState,
} from '#hub'
import { type SurveyLag } from './survey-lag.ts'

const PREFIX = 'upstream/'
/** Of the gaps that are kept, the newest. */
const GAPS = 20

/** One upstream at one moment. */
export interface UpstreamReport {
  readonly name: string
  /** Undefined where its file cannot be used. */
  readonly settings: UpstreamSettings | undefined
  readonly state: UpstreamState | undefined
  readonly problem: string | undefined
  readonly lag: SurveyLag | undefined
  /** Ids of schemas that came from the survey since the start. */
  readonly schemas: readonly number[]
}

const timeOf = (ms: number): string => new Date(ms).toISOString()

const gapOf = ({ partition, from, to, atMs, sinceMs, untilMs }: UpstreamGap) => ({
  partition,
  from: String(from),
  to: String(to),
  at: timeOf(atMs),
  ...(sinceMs === undefined ? {} : { since: timeOf(sinceMs) }),
  ...(untilMs === undefined ? {} : { until: timeOf(untilMs) }),
})

/** The record's value; no user and no password. */
const statusOf = ({ name, settings, state, problem, lag, schemas }: UpstreamReport, nowMs: number) => {
  const { progress, gaps = [] } = state ?? {}
  const newestMs = Math.max(0, ...(progress?.partitions.values().map(({ lastMs = 0 }) => lastMs) ?? []))
  return {
    upstream: name,
    stream: settings?.stream ?? '',
    topic: settings?.topic ?? '',
    bootstrap: settings?.bootstrap ?? '',
    registry: settings?.registry ?? null,
    format: settings?.format ?? 'framed',
    state: problem === undefined ? 'copying' : 'waiting',
    ...(problem === undefined ? {} : { reason: problem }),
    lag: lag ?? null,
    packets: progress?.packets ?? 0,
    bytes: progress?.bytes ?? 0,
    deadLetters: progress?.deadLetters ?? 0,
    schemas: [...schemas],
    gaps: gaps.slice(-GAPS).map(gapOf),
    newestPacket: newestMs === 0 ? null : timeOf(newestMs),
    updatedAt: timeOf(nowMs),
  }
}

export interface UpstreamReporter {
  /** Says how all upstreams are, and that those that were known and are not among them are no more. Throws HubError; it can be repeated. */
  report: (upstreams: readonly UpstreamReport[]) => Promise<void>
  close: () => Promise<void>
}

/** Upstreams that the topic knows, also from before this process began. */
const reportedBefore = async (hub: BrokerAccess): Promise<Set<string>> => {
  const reader = openLogReader(hub, { clientId: `${hub.user}.status`, topic: STATUS_TOPIC })
  try {
    const names = new Set<string>()
    for (let page = await reader.read('earliest', 0); ; page = await reader.read(page.next, 0)) {
      for (const { key, value } of page.records) {
        const text = String(key)
        if (!text.startsWith(PREFIX)) continue
        if (value === null) names.delete(text.slice(PREFIX.length))
        else names.add(text.slice(PREFIX.length))
      }
      if (page.next >= page.end) return names
    }
  } finally {
    await reader.close()
  }
}

export const openUpstreamReporter = (hub: BrokerAccess): UpstreamReporter => {
  let known: Set<string> | undefined
  let producer: Producer | undefined
  return {
    report: async upstreams => {
      known ??= await reportedBefore(hub)
      const names = new Set(upstreams.map(({ name }) => name))
      const gone = [...known].filter(name => !names.has(name))
      const nowMs = Date.now()
      const messages = [
        ...upstreams.map(one => ({ key: PREFIX + one.name, value: JSON.stringify(statusOf(one, nowMs)) })),
        ...gone.map(name => ({ key: PREFIX + name, value: null })),
      ]
      if (messages.length === 0) return
      try {
        producer ??= await openProducer(hub, { clientId: `${hub.user}.status` })
        await producer.send(messages.map(message => ({ topic: STATUS_TOPIC, partition: 0, ...message })))
      } catch (error) {
        await producer?.close().catch(() => undefined)
        producer = undefined
        throw error
      }
      known = names
    },
    close: async () => {
      await producer?.close().catch(() => undefined)
    },
  }
}
