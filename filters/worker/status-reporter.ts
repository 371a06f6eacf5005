// What a worker tells the hub (skysieve.status.<node>) about its filters and itself: newest state of each, tried again until it is taken. Losing the hub stops nothing here.
import { type BrokerAccess, openProducer, type Producer } from '#hub'
import { type FeedGap, type MirrorGap, type MirrorLag } from '#mirrors'
import { type Logger } from 'pino'
import { type Lane } from '../lanes/lane.ts'
import { type Lanes } from '../lanes/lanes.ts'
import { type Manifest } from '../manifest.ts'
import { type Membership } from '../membership/membership.ts'
import { isAt } from '../membership/place.ts'
import { type FilterMetrics } from '../metrics.ts'
import { type ShardState } from '../progress/shard-state.ts'
import { statusTopicOf } from '../publish/topics.ts'
import { filterReport, type MachineReport, shardReport } from './report-values.ts'

const FLUSH_MS = 2000
const SOON_MS = 50
/** A node without filters or alerts reports too: the API places no filters on one that is silent. */
const BEAT_MS = 5000
const RETRY_MS = 5000
/** By then a worker that was cut off and comes back knows that its shard is another's. */
const REPEAT_MS = 5000
/** Visits named in a status, newest last: this many, and those that changed since the last report (many after an outage, up to MAX_VISITS). */
const VISITS = 8
const MAX_VISITS = 64
const GAPS = 64
/** Changes older than this, seen from a predecessor's last one, are taken to be reported by it. */
const REPORTED_MS = 60_000

/** The state of one shard that is reported. */
export interface Reported {
  readonly shardState: ShardState
  readonly membership: Membership
  readonly lanes: Lanes
}

export interface StatusOptions {
  /** The hub; undefined reports nowhere. */
  readonly hub: BrokerAccess | undefined
  /** Where on the hub: `statusTopicOf(mirror)`, or the topic of all nodes where the hub is of a former version. */
  readonly topic: string
  readonly mirror: string
  readonly shard: number
  /** How many the mirror has. */
  readonly shards: number
  readonly manifestOf: (filter: string) => Manifest | undefined
  readonly metrics: FilterMetrics
  /** The machine this runs on, as it is now. */
  readonly machine?: (() => Promise<MachineReport>) | undefined
  /** How far the node's copy is behind the hub, where that is known. */
  readonly mirrorLag?: (() => Pick<MirrorLag, 'alerts' | 'seconds'> | undefined) | undefined
  readonly log: Logger
}

/** Collects what changed and sends it every two seconds, changes of state at once. */
export class StatusReporter {
  readonly #options: StatusOptions
  readonly #dirty = new Set<string>()
  readonly #gaps: Record<string, unknown>[] = []
  /** Filter → what was changed before this moment is reported. */
  readonly #sentMs = new Map<string, number>()
  #reported: Reported | undefined
  #producer: Producer | undefined
  #timer: NodeJS.Timeout | undefined
  #dueMs = Number.POSITIVE_INFINITY
  #sending: Promise<void> = Promise.resolve()
  #isClosed = false
  #repeat: NodeJS.Timeout | undefined

  constructor(options: StatusOptions) {
    this.#options = options
  }

  /** Reports everything once: a predecessor may not have reported what it committed last. */
  attach(reported: Reported): void {
    this.#reported = reported
    reported.shardState.wake(VISITS, REPORTED_MS)
    for (const filter of reported.shardState.filters.keys()) this.#dirty.add(filter)
    this.#schedule(SOON_MS)
  }

  /** Workers have come or gone. One that was cut off may still report what it knew; so everything is said once more, a little later. */
  repeat(): void {
    clearTimeout(this.#repeat)
    if (this.#isClosed) return
    this.#repeat = setTimeout(() => {
      if (this.#reported !== undefined) this.attach(this.#reported)
    }, REPEAT_MS)
  }

  /** A filter's state changed. */
  changed(filter: string): void {
    const record = this.#reported?.shardState.filters.get(filter)
    if (record === undefined) this.#options.metrics.forget(filter)
    else this.#options.metrics.suspended(filter, record.suspension !== undefined)
    this.#dirty.add(filter)
    this.#schedule(SOON_MS)
  }

  /** The counts of a lane's filters moved. */
  touched(lane: Lane): void {
    this.counted([...lane.runners].map(({ id }) => id))
  }

  /** The counts of these filters moved. */
  counted(filters: Iterable<string>): void {
    for (const filter of filters) this.#dirty.add(filter)
    this.#schedule(FLUSH_MS)
  }

  /** Alerts of a partition were gone before they were evaluated. */
  gap(lane: string, topic: string, { partition, from, to }: FeedGap): void {
    this.#gaps.push({ lane, topic, partition, from: String(from), to: String(to), at: new Date().toISOString() })
    this.#gaps.splice(0, this.#gaps.length - GAPS)
    this.#schedule(SOON_MS)
  }

  /** Alerts of a partition had left the hub before they were copied here; offsets are the hub's. */
  mirrorGap({ topic, partition, from, to, atMs, sinceMs, untilMs }: MirrorGap): void {
    const start = String(from)
    const known = this.#gaps.findIndex(
      gap =>
        gap['lane'] === 'mirror' && gap['topic'] === topic && gap['partition'] === partition && gap['from'] === start,
    )
    if (known >= 0) this.#gaps.splice(known, 1)
    this.#gaps.push({
      lane: 'mirror',
      topic,
      partition,
      from: start,
      to: String(to),
      at: new Date(atMs).toISOString(),
      ...(sinceMs === undefined ? {} : { since: new Date(sinceMs).toISOString() }),
      ...(untilMs === undefined ? {} : { until: new Date(untilMs).toISOString() }),
    })
    this.#gaps.splice(0, this.#gaps.length - GAPS)
    this.#schedule(SOON_MS)
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed || this.#options.hub === undefined) return
    const dueMs = performance.now() + delayMs
    if (dueMs >= this.#dueMs) return
    clearTimeout(this.#timer)
    this.#dueMs = dueMs
    this.#timer = setTimeout(() => {
      this.#sending = this.#sending.then(() => this.#flush())
    }, delayMs)
  }

  async #flush(): Promise<void> {
    const { hub, topic, mirror, shard, log } = this.#options
    const reported = this.#reported
    this.#dueMs = Number.POSITIVE_INFINITY
    if (hub === undefined || reported === undefined) return
    const filters = [...this.#dirty]
    this.#dirty.clear()
    const machine = await this.#options.machine?.().catch(() => undefined)
    const nowMs = Date.now()
    try {
      const messages = filters.flatMap(filter => {
        const value = this.#status(filter, reported, nowMs)
        return value === undefined ? [] : { topic, key: filter, value }
      })
      this.#producer ??= await openProducer(hub, { clientId: `${hub.user}.status` })
      await this.#producer.send([
        ...messages,
        { topic, key: `node/${mirror}/${shard}`, value: this.#node(reported, machine, nowMs) },
      ])
      for (const filter of filters)
        if (reported.shardState.filters.has(filter)) this.#sentMs.set(filter, nowMs)
        else this.#sentMs.delete(filter)
      this.#schedule(BEAT_MS)
    } catch (error) {
      for (const filter of filters) this.#dirty.add(filter)
      log.warn({ err: error, shard }, 'the hub does not take status reports; trying again')
      await this.#producer?.close().catch(() => undefined)
      this.#producer = undefined
      this.#schedule(RETRY_MS)
    }
  }

  /**
   * Null once the filter is forgotten: the acknowledgement of a deletion, and, in a topic of this node's own, also when the filter is another node's.
   * Undefined where another shard or node speaks for it under the same key.
   */
  #status(filter: string, { shardState, membership, lanes }: Reported, nowMs: number): string | null | undefined {
    const { topic, mirror, shard, manifestOf } = this.#options
    const [manifest, record] = [manifestOf(filter), shardState.filters.get(filter)]
    if (manifest?.placement && !isAt({ mirror, shard }, manifest.placement)) {
      // What it last said stands while it finishes visits of a filter that has moved away.
      const isDone = record === undefined || manifest.handover?.from.mirror !== mirror
      return isDone && manifest.placement.mirror !== mirror && topic === statusTopicOf(mirror) ? null : undefined
    }
    if (record === undefined && (manifest === undefined || manifest.state === 'deleted')) return null
    const sentMs = this.#sentMs.get(filter) ?? 0
    const recent = shardState.recentVisits(filter)
    const newest = new Set(recent.slice(-VISITS))
    const visits = recent.filter(one => newest.has(one) || one[1].touchedMs >= sentMs).slice(-MAX_VISITS)
    const [runner, wait, cut] = [membership.runner(filter), membership.waitsFor(filter), membership.cut(filter)]
    const isFollowing = lanes.isFollowing(filter)
    return filterReport({ filter, mirror, shard, manifest, record, runner, wait, cut, isFollowing, visits, nowMs })
  }

  #node({ membership, lanes }: Reported, machine: MachineReport | undefined, nowMs: number): string {
    const { mirror, shard, shards, mirrorLag } = this.#options
    const lagAlerts = [...lanes.all()].reduce((sum, { lane }) => sum + lanes.lag(lane.name), 0)
    const filters = membership.size
    return shardReport({
      mirror,
      shard,
      shards,
      filters,
      lagAlerts,
      gaps: this.#gaps,
      over: membership.overHere(nowMs),
      machine,
      mirrorLag: mirrorLag?.(),
      nowMs,
    })
  }

  /** Sends what is new if the hub answers within a second. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    clearTimeout(this.#repeat)
    this.#isClosed = true
    const last = this.#dirty.size > 0 ? this.#sending.then(() => this.#flush()) : this.#sending
    await Promise.race([last, new Promise(resolve => setTimeout(resolve, 1000))])
    await Promise.race([
      this.#producer?.close().catch(() => undefined),
      new Promise(resolve => setTimeout(resolve, 500)),
    ])
  }
}
