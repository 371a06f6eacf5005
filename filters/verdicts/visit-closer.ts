// Ends visits under policy `best`. A lane says by which clock; visits that are over by the rule (cap/visit-over.ts) are closed, the packets of their winners are read
// again beside the lanes, and delivered in the same transaction as the record that says so.
import { type PacketReader } from '#mirrors'
import { endBest, takeBest } from '../cap/best-policy.ts'
import { type ClosingRule, isOver } from '../cap/visit-over.ts'
import { type Candidate, type Source, type Visit } from '../cap/visit.ts'
import { visitKey } from '../progress/keys.ts'
import { type ShardState } from '../progress/shard-state.ts'
import { emptyUnit, OVER_CAP_IDS, type CommitUnit } from '../publish/commit-unit.ts'
import { type Committer } from '../publish/committer.ts'
import { UNIT_BYTES } from '../publish/transaction-plan.ts'

export interface VisitCloserOptions {
  readonly shardState: ShardState
  readonly committer: Pick<Committer, 'push' | 'waitForRoom'>
  readonly rule: ClosingRule
  /** A filter's cap as it is now; undefined where nobody knows it, and what is held goes out. */
  readonly capOf: (filter: string) => number | undefined
  /** Makes the filter's topic if it is missing, or says why it is not there. */
  readonly createTopic: (filter: string) => Promise<string | undefined>
  /** Counts of these filters changed. */
  readonly onCounted: (filters: Iterable<string>) => void
  readonly openReader: (topic: string) => PacketReader
  readonly signal: AbortSignal
  /** What is in memory is no longer sure. */
  readonly onFailure: (error: unknown) => void
}

/** So many winners of one visit go out together at most, so that visits which end at the same time go out side by side. */
const AT_ONCE = 32
/** Bytes that one pass over the topic may bring, and bytes that are asked for: packets differ in size, and some are read on the way. */
const PASS_BYTES = 32 * 1024 * 1024
const ASKED_BYTES = 24 * 1024 * 1024
/** How often a filter is tried whose topic cannot be made. */
const AWAY_MS = 3000
/** Bytes assumed of a packet until some were read. */
const USUAL_BYTES = 128 * 1024

interface Job {
  readonly filter: string
  readonly visit: bigint
  readonly state: Visit
  readonly next: readonly Candidate[]
}

const keyOf = ({ topic, partition, offset }: Source): string => `${topic}-${partition}-${offset}`
/** Packets by place; null for one that is not there any more. */
type Packets = Map<string, Buffer | null>

/** Ends visits of all lanes of a shard. One pass of reading at a time. */
export class VisitCloser {
  readonly #options: VisitCloserOptions
  readonly #readers = new Map<string, PacketReader>()
  #delivering: Promise<void> | undefined
  /** Filters whose topic is not there, and why: their winners wait, those of others do not. */
  readonly #waiting = new Map<string, string>()
  #retry: NodeJS.Timeout | undefined
  /** Bytes of a packet, in the mean of the last pass. */
  #meanBytes = USUAL_BYTES
  /** Only the best winner of one visit is read next, because a larger pass brought none that could go out. */
  #isNarrow = false

  constructor(options: VisitCloserOptions) {
    this.#options = options
  }

  /** Why a filter's winners wait. */
  waitsFor(filter: string): string | undefined {
    return this.#waiting.get(filter)
  }

  /** Ends what is over of these filters' visits by a lane's clock. Called between two batches, so that nothing else changes the visits. */
  end(filters: readonly string[], clockMs: number): void {
    const { shardState, rule, capOf, committer } = this.#options
    const unit = emptyUnit()
    for (const filter of filters)
      for (const [visit, state] of shardState.holding(filter)) {
        if (state.closed || !isOver(state, clockMs, rule)) continue
        const lost = endBest(state, capOf(filter) ?? Infinity)
        const told = lost.slice(0, Math.max(0, OVER_CAP_IDS - (state.overCap - lost.length)))
        if (lost.length > 0)
          unit.overCap.push({ filter, visit, total: state.overCap, added: lost.length, alerts: told })
        for (const change of shardState.releaseChanges(filter, visit, lost)) unit.changes.set(...change)
        unit.changes.set(visitKey(filter, visit), shardState.visitChange(state))
      }
    if (unit.changes.size === 0) return
    committer.push([unit])
    this.#options.onCounted(filters)
    this.deliver()
  }

  /** Delivers what waits of visits that have ended, a predecessor's too, until nothing does. */
  deliver(): void {
    this.#delivering ??= this.#run()
      .catch(error => {
        if (!this.#options.signal.aborted) this.#options.onFailure(error)
      })
      .finally(() => (this.#delivering = undefined))
  }

  async #run(): Promise<void> {
    const { committer, onCounted, signal } = this.#options
    for (let due = this.#next(); due.length > 0 && !signal.aborted; due = this.#next()) {
      await committer.waitForRoom(true)
      const jobs = await this.#withTopics(due)
      if (jobs.length === 0) continue
      const packets = await this.#read(jobs)
      if (signal.aborted) return
      const units = jobs.flatMap(job => this.#unitsOf(job, packets))
      this.#isNarrow = units.length === 0
      committer.push(units)
      onCounted(jobs.map(job => job.filter))
    }
  }

  /** Those whose topic is there: the topics of filters that rest are not made at the beginning of an incarnation. */
  async #withTopics(jobs: readonly Job[]): Promise<readonly Job[]> {
    const { createTopic, onCounted, signal } = this.#options
    for (const filter of new Set(jobs.map(job => job.filter))) {
      const missing = await createTopic(filter)
      if (missing === undefined) continue
      this.#waiting.set(filter, missing)
      onCounted([filter])
    }
    if (this.#waiting.size > 0 && !signal.aborted)
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined
        const waited = [...this.#waiting.keys()]
        this.#waiting.clear()
        onCounted(waited)
        this.deliver()
      }, AWAY_MS).unref()
    return jobs.filter(({ filter }) => !this.#waiting.has(filter))
  }

  /** The next winners of every visit that has ended, as far as they go into one pass. */
  #next(): Job[] {
    const { shardState } = this.#options
    const jobs: Job[] = []
    const places = new Set<string>()
    for (const filter of shardState.holders)
      for (const [visit, state] of shardState.holding(filter)) {
        if (!state.closed || this.#waiting.has(filter)) continue
        const next = state.held.slice(0, this.#isNarrow ? 1 : AT_ONCE)
        for (const { source } of next) places.add(keyOf(source))
        jobs.push({ filter, visit, state, next })
        if (this.#isNarrow || places.size * this.#meanBytes >= ASKED_BYTES) return jobs
      }
    return jobs
  }

  async #read(jobs: readonly Job[]): Promise<Packets> {
    const { openReader, signal } = this.#options
    const byTopic = new Map<string, Map<string, Source>>()
    for (const { source } of jobs.flatMap(({ next }) => next)) {
      const sources = byTopic.get(source.topic) ?? new Map<string, Source>()
      byTopic.set(source.topic, sources.set(keyOf(source), source))
    }
    const packets: Packets = new Map()
    for (const [topic, sources] of byTopic) {
      const reader = this.#readers.get(topic) ?? openReader(topic)
      this.#readers.set(topic, reader)
      const { found, gone } = await reader.read([...sources.values()], signal, PASS_BYTES)
      for (const { partition, offset, value } of found) packets.set(keyOf({ topic, partition, offset }), value)
      if (found.length > 0) this.#meanBytes = found.reduce((sum, { value }) => sum + value.length, 0) / found.length
      for (const { partition, offset } of gone) packets.set(keyOf({ topic, partition, offset }), null)
    }
    return packets
  }

  /** Delivers a visit's next winners in their order, up to the first that was not read. */
  #unitsOf({ filter, visit, state, next }: Job, packets: Packets): CommitUnit[] {
    const { shardState } = this.#options
    // Deleted meanwhile, or what is held has changed: the next pass looks again.
    const isCurrent = [...shardState.holding(filter)].some(([, one]) => one === state)
    if (!isCurrent || next.some((candidate, index) => state.held[index] !== candidate)) return []
    const unread = next.findIndex(({ source }) => packets.get(keyOf(source)) === undefined)
    const due = unread === -1 ? next.length : unread
    const units: CommitUnit[] = []
    const nowMs = Date.now()
    for (let left = due; left > 0;) {
      const { count, bytes } = this.#fitting(state.held.slice(0, left), packets)
      left -= count
      units.push(this.#unitOf({ filter, visit, state, next: state.held.slice(0, count) }, packets, bytes, nowMs))
    }
    return units
  }

  /** How many of these go into one unit. */
  #fitting(candidates: readonly Candidate[], packets: Packets): { readonly count: number; readonly bytes: number } {
    let [count, bytes] = [0, 0]
    for (const { source } of candidates) {
      const more = packets.get(keyOf(source))?.length ?? 0
      if (count > 0 && bytes + more > UNIT_BYTES) break
      count++
      bytes += more
    }
    return { count, bytes }
  }

  #unitOf({ filter, visit, state, next }: Job, packets: Packets, bytes: number, nowMs: number): CommitUnit {
    const { shardState } = this.#options
    const before = state.delivered.length
    const winners = takeBest(state, ({ source }) => packets.get(keyOf(source)) !== null, next.length)
    state.touchedMs = nowMs
    const deliveries = winners.flatMap(({ alert, score, source, version, annotations }, index) => {
      const packet = packets.get(keyOf(source))
      if (packet === undefined || packet === null) return []
      const position = before + index + 1
      const extras = annotations === undefined ? { score } : { score, annotations }
      return [{ filter, version, visit, alert, position, ...extras, source, evaluatedMs: nowMs, packet }]
    })
    const changes = new Map(shardState.releaseChanges(filter, visit, next))
    changes.set(visitKey(filter, visit), shardState.visitChange(state))
    return { ...emptyUnit(), deliveries, changes, bytes, heldBytes: bytes }
  }

  /** Stops reading; what was not delivered is done by whoever restores the shard. */
  async close(): Promise<void> {
    clearTimeout(this.#retry)
    await this.#delivering
    await Promise.all([...this.#readers.values()].map(reader => reader.close().catch(() => undefined)))
  }
}
