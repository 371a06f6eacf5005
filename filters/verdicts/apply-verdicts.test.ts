// The heart of exactness, without a broker: whatever is cut and wherever it crashes, the outcome is that of an undisturbed run.
import { type Verdicts } from '#sandbox'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Entry } from '../batch/lane-batch.ts'
import { isBehind } from '../progress/positions.ts'
import { type FilterRecord } from '../progress/records.ts'
import { ShardState } from '../progress/shard-state.ts'
import { emptyUnit, type CommitUnit } from '../publish/commit-unit.ts'
import { newestChanges, nextUnits } from '../publish/transaction-plan.ts'
import { applyVerdicts } from './apply-verdicts.ts'
import { type CappedFilter } from './capped-filter.ts'

const PACKET = Buffer.alloc(10)
const LANE = 'live.test'

interface Alert {
  readonly partition: number
  readonly alert: number
  readonly visit: number
  readonly readable: boolean
  /** Bit i: filter i passes. Bit 8 + i: it fails. */
  readonly verdicts: number
}

const alerts = fc.array(
  fc.record({
    partition: fc.nat(2),
    alert: fc.nat(60),
    visit: fc.nat(3),
    readable: fc.boolean(),
    verdicts: fc.nat(0xffff),
  }),
  { maxLength: 60 },
)

/** The log: offsets are counted per partition, with a control record after every third. */
const toLog = (list: readonly Alert[]): (Entry & { readonly verdicts: number })[] => {
  const next = [0n, 0n, 0n]
  return list.map(({ partition, alert, visit, readable, verdicts }) => {
    const offset = (next[partition] ?? 0n) + ((next[partition] ?? 0n) % 3n === 2n ? 1n : 0n)
    next[partition] = offset + 1n
    const failure = readable ? {} : { failure: { reason: 'HUB_PACKET_MAGIC', message: 'no' } }
    return {
      partition,
      offset,
      timestampMs: 0,
      came: { afterMs: 0, byMs: 0 },
      packet: PACKET,
      row: 0,
      alert: BigInt(alert),
      visit: BigInt(visit),
      verdicts,
      ...failure,
    }
  })
}

const recordIn = (shardState: ShardState, id: string, ahead = new Map<number, bigint>()): FilterRecord => {
  const record = shardState.filters.get(id) ?? {
    lane: LANE,
    version: 1,
    generation: 1,
    strikes: 0,
    isSlow: false,
    learned: [],
    cut: undefined,
    arrived: undefined,
    ahead,
    suspension: undefined,
    cpuMs: 0,
    cpuAlerts: 0,
  }
  shardState.filters.set(id, record)
  return record
}

const filters = (shardState: ShardState): CappedFilter[] =>
  ['fa', 'fb', 'fc'].map((id, index) => {
    const record = recordIn(shardState, id, new Map(index === 2 ? [[0, 5n]] : []))
    return {
      id,
      version: 1,
      cap: 3,
      policy: index === 1 ? 'best' : 'first',
      ahead: record.ahead,
      fromVisit: index === 2 ? 1n : undefined,
    }
  })

const verdictsOf = (batch: readonly { readonly verdicts: number }[], index: number): Verdicts => {
  const words = Math.ceil(batch.length / 32)
  const passed = new Uint32Array(words)
  const errored = new Uint32Array(words)
  batch.forEach(({ verdicts }, row) => {
    const bit = 1 << (row % 32)
    if ((verdicts >> (8 + index)) & 1) errored[row >> 5]! |= bit
    else if ((verdicts >> index) & 1) passed[row >> 5]! |= bit
  })
  return { filter: String(index), version: 1, passed, errored, logs: [], logsDropped: 0, cpuMs: 0 }
}

interface Outcome {
  readonly progress: Map<string, string>
  readonly delivered: string[]
  readonly overCap: string[]
  readonly deadLetters: string[]
}

const commit = (units: readonly CommitUnit[], { progress, delivered, overCap, deadLetters }: Outcome): void => {
  for (const unit of units) {
    delivered.push(
      ...unit.deliveries.map(({ filter, visit, alert, position }) => `${filter} ${visit} ${alert} ${position}`),
    )
    for (const { filter, visit, total, added, alerts } of unit.overCap)
      overCap.push(
        ...alerts.map(
          ({ alert, source }, index) =>
            `${filter} ${visit} ${total - added + index + 1} ${alert} ${source.partition} ${source.offset}`,
        ),
      )
    deadLetters.push(...unit.deadLetters.map(({ source }) => `${source.partition} ${source.offset}`))
  }
  for (const [key, change] of newestChanges(units)) {
    const value = change()
    if (value === null) progress.delete(key)
    else progress.set(key, value)
  }
}

const recordOf = (shardState: ShardState, filter: string): CommitUnit => ({
  ...emptyUnit(),
  changes: new Map([shardState.filterChange(filter)]),
})

/** Runs the log through; `crashes` gives how many transactions each incarnation commits and how many bytes one holds. */
function run(
  list: readonly Alert[],
  crashes: readonly { readonly transactions: number; readonly bytes: number }[],
): Outcome {
  const log = toLog(list)
  const outcome: Outcome = { progress: new Map(), delivered: [], overCap: [], deadLetters: [] }
  for (const incarnation of [...crashes, { transactions: Infinity, bytes: 40 }]) {
    const shardState = new ShardState()
    for (const [key, value] of outcome.progress) shardState.restore(key, value)
    shardState.restored()
    if (!shardState.lanes.has(LANE))
      shardState.lanes.set(LANE, { stream: 'test', positions: new Map(), schemas: [], newestMs: new Map() })
    const capped = filters(shardState)
    if (outcome.progress.size === 0)
      commit(
        capped.map(({ id }) => recordOf(shardState, id)),
        outcome,
      )
    const positions = new Map(shardState.lanes.get(LANE)?.positions)
    const rest = log.filter(({ partition, offset }) => !isBehind(positions, partition, offset))
    const queue: CommitUnit[] = []
    for (let at = 0; at < rest.length; at += 7) {
      const batch = rest.slice(at, at + 7)
      const readable = batch.filter(({ failure }) => failure === undefined)
      const entries = batch.map(entry => ({
        ...entry,
        row: entry.failure === undefined ? readable.indexOf(entry) : -1,
      }))
      const verdicts = capped.map((_, index) => verdictsOf(readable, index))
      queue.push(
        ...applyVerdicts(entries, capped, verdicts, {
          shardState,
          lane: LANE,
          topic: 't',
          writesDeadLetters: true,
          nowMs: 0,
          unitBytes: incarnation.bytes / 2,
        }),
      )
    }
    for (let done = 0; done < incarnation.transactions && queue.length > 0; done++)
      commit(queue.splice(0, nextUnits(queue, 0, incarnation.bytes).length), outcome)
  }
  return outcome
}

/** Records without the order of their keys. */
const parsed = ({ progress, ...rest }: Outcome): object => ({
  ...rest,
  progress: new Map([...progress].map(([key, value]) => [key, JSON.parse(value) as unknown])),
})

const incarnations = fc.array(fc.record({ transactions: fc.nat(6), bytes: fc.integer({ min: 1, max: 120 }) }), {
  maxLength: 4,
})

test('wherever a worker dies and however transactions are cut, deliveries, counters and dead letters are those of an undisturbed run', () => {
  fc.assert(
    fc.property(alerts, incarnations, (list, crashes) => {
      expect(parsed(run(list, crashes))).toEqual(parsed(run(list, [])))
    }),
    { numRuns: 300 },
  )
})

test('what passes is delivered or over the cap, and never more than the cap goes out', () => {
  fc.assert(
    fc.property(alerts, list => {
      const { progress, delivered, deadLetters } = run(list, [])
      expect(deadLetters).toHaveLength(list.filter(({ readable }) => !readable).length)
      for (let visit = 0; visit < 4; visit++) {
        const mine = list.filter(alert => alert.readable && alert.visit === visit)
        if (mine.length === 0) continue
        const state = JSON.parse(progress.get(`visit/fa/${visit}`) ?? '{}') as Record<string, number> & {
          delivered: string[]
        }
        const passing = mine.filter(({ verdicts }) => (verdicts & 0x101) === 1)
        expect(state).toMatchObject({
          seen: mine.length,
          passed: passing.length,
          errors: mine.filter(({ verdicts }) => verdicts & 0x100).length,
        })
        expect(state.delivered).toHaveLength(Math.min(3, new Set(passing.map(({ alert }) => alert)).size))
        expect(delivered.filter(line => line.startsWith(`fa ${visit} `))).toHaveLength(state.delivered.length)
      }
    }),
  )
})

test('a packet that was evaluated already stops the lane', () => {
  const shardState = new ShardState()
  shardState.lanes.set(LANE, { stream: 'test', positions: new Map([[0, 5n]]), schemas: [], newestMs: new Map() })
  const [entry] = toLog([{ partition: 0, alert: 1, visit: 1, readable: true, verdicts: 0 }])
  const again = (): unknown =>
    applyVerdicts(entry === undefined ? [] : [entry], [], [], {
      shardState,
      lane: LANE,
      topic: 't',
      writesDeadLetters: true,
      nowMs: 0,
    })
  expect(again).toThrow(expect.objectContaining({ code: 'FILTER_POSITION' }))
})

test('a row that passes more filters than a transaction holds is cut inside, and given only to the others when the worker dies there', () => {
  const many = Array.from({ length: 50 }, (_, index) => `f${index}`)
  const [entry] = toLog([{ partition: 0, alert: 1, visit: 1, readable: true, verdicts: 0 }])
  const outcome: Outcome = { progress: new Map(), delivered: [], overCap: [], deadLetters: [] }
  const applied = (): CommitUnit[] => {
    const shardState = new ShardState()
    for (const [key, value] of outcome.progress) shardState.restore(key, value)
    shardState.restored()
    if (!shardState.lanes.has(LANE))
      shardState.lanes.set(LANE, { stream: 'test', positions: new Map(), schemas: [], newestMs: new Map() })
    const capped = many.map((id): CappedFilter => {
      const { ahead } = recordIn(shardState, id)
      return { id, version: 1, cap: 3, policy: 'first', ahead, fromVisit: undefined }
    })
    const verdicts = many.map(() => verdictsOf([{ verdicts: 1 }], 0))
    const options = { shardState, lane: LANE, topic: 't', writesDeadLetters: true, nowMs: 0, unitBytes: 40 }
    return applyVerdicts(entry === undefined ? [] : [entry], capped, verdicts, options)
  }
  const first = applied()
  expect(first.map(({ bytes }) => bytes)).toEqual([80, 80, 80, 80, 80, 80, 20])
  commit(first.slice(0, 3), outcome)
  expect(outcome.delivered).toHaveLength(24)
  commit(applied(), outcome)
  expect(new Set(outcome.delivered)).toEqual(new Set(many.map(id => `${id} 1 1 1`)))
  expect(outcome.delivered).toHaveLength(50)
  for (const id of many) {
    expect(JSON.parse(outcome.progress.get(`visit/${id}/1`) ?? '{}')).toMatchObject({ seen: 1, passed: 1 })
    expect(JSON.parse(outcome.progress.get(`filter/${id}`) ?? '{}')).not.toHaveProperty('ahead')
  }
})
