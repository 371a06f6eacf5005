import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FetchedBatch, type FetchedPartition } from '#hub'
import { contiguousRuns } from './contiguous-batches.ts'

const ABORT = Buffer.from([0, 0, 0, 0])
const COMMIT = Buffer.from([0, 0, 0, 1])
const TRANSACTIONAL = 0b01_0000
const CONTROL = 0b10_0000

/** A batch of one record. */
const record = (offset: number, producer: string, kind: 'plain' | 'data' | 'commit' | 'abort'): FetchedBatch => ({
  firstOffset: BigInt(offset),
  lastOffsetDelta: 0,
  attributes: (kind === 'plain' ? 0 : TRANSACTIONAL) | (kind === 'commit' || kind === 'abort' ? CONTROL : 0),
  firstTimestamp: 1_700_000_000_000n,
  producerId: BigInt(producer),
  records: [
    {
      offsetDelta: 0,
      timestampDelta: 0n,
      // A data record may have the key of an abort marker; only control records are markers.
      key: kind === 'commit' ? COMMIT : ABORT,
      value: Buffer.from(`${producer}${offset}`),
      headers: [],
    },
  ],
})
const fetched = (
  batches: readonly FetchedBatch[],
  abortedTransactions: FetchedPartition['abortedTransactions'] = [],
) => ({ abortedTransactions, batches })

/** A log of interleaved transactions, with the truth about each offset, as a broker would keep it. */
const logs = fc
  .array(
    fc.record({
      producer: fc.constantFrom('1', '2', '3'),
      kind: fc.constantFrom('plain', 'data', 'data', 'data', 'commit', 'abort'),
    }),
    { maxLength: 60 },
  )
  .map(steps => {
    const records: FetchedBatch[] = []
    const visible = new Set<bigint>()
    const open = new Map<string, number[]>()
    const aborted: { producerId: bigint; firstOffset: bigint; last: number }[] = []
    const end = (producer: string, kind: 'commit' | 'abort'): void => {
      const offsets = open.get(producer)
      if (offsets === undefined) return
      const at = records.length
      records.push(record(at, producer, kind))
      if (kind === 'commit') for (const offset of offsets) visible.add(BigInt(offset))
      else aborted.push({ producerId: BigInt(producer), firstOffset: BigInt(offsets[0] ?? 0), last: at })
      open.delete(producer)
    }
    for (const { producer, kind } of steps)
      if (kind === 'commit' || kind === 'abort') end(producer, kind)
      else {
        const at = records.length
        records.push(record(at, producer, kind))
        if (kind === 'plain') visible.add(BigInt(at))
        else open.set(producer, [...(open.get(producer) ?? []), at])
      }
    for (const producer of open.keys()) end(producer, 'abort')
    return { records, visible, aborted }
  })

describe('runs of a fetched partition', () => {
  test('wherever reading begins and however the log is cut, exactly the committed records come, each once', () => {
    fc.assert(
      fc.property(logs, fc.nat(60), fc.integer({ min: 1, max: 20 }), ({ records, visible, aborted }, start, size) => {
        const from = Math.min(start, records.length)
        const seen: bigint[] = []
        for (let position = BigInt(from); position < records.length;) {
          const batches = records.slice(Number(position), Number(position) + size)
          // What a broker lists: every aborted transaction that reaches into what it sends, in the order of their ends.
          const listed = aborted.filter(
            ({ firstOffset, last }) => last >= position && Number(firstOffset) < Number(position) + size,
          )
          const runs = contiguousRuns(fetched(batches, listed), position)
          expect(runs).toHaveLength(1)
          for (const run of runs) {
            expect(run.from).toBe(position)
            position = run.to
            if (run.kind === 'batch') seen.push(...run.packets.map(({ offset }) => offset))
          }
        }
        expect(seen).toEqual([...visible].filter(offset => offset >= from).toSorted((a, b) => Number(a - b)))
      }),
    )
  })

  test('holes become gaps, and runs and gaps together cover every offset once', () => {
    const offsets = fc.uniqueArray(fc.nat(50), { maxLength: 30 }).map(list => list.toSorted((a, b) => a - b))
    fc.assert(
      fc.property(offsets, fc.nat(50), (kept, start) => {
        const position = BigInt(start)
        const runs = contiguousRuns(fetched(kept.map(offset => record(offset, '-1', 'plain'))), position)
        let next = position
        for (const { from, to } of runs) {
          expect(from).toBe(next)
          expect(to).toBeGreaterThan(from)
          next = to
        }
        const packets = runs.flatMap(run =>
          run.kind === 'batch' ? run.packets.map(({ offset }) => Number(offset)) : [],
        )
        expect(packets).toEqual(kept.filter(offset => offset >= start))
      }),
    )
  })

  test('an empty response moves nothing', () => {
    expect(contiguousRuns(fetched([]), 5n)).toEqual([])
  })

  test('a batch whose last records were compacted away is passed', () => {
    const last = record(3, '-1', 'plain')
    const runs = contiguousRuns(fetched([{ ...last, lastOffsetDelta: 4 }]), 5n)
    expect(runs).toEqual([{ kind: 'gap', from: 5n, to: 8n }])
  })

  test('a record without a value is an empty packet, and a repeated header keeps all its values', () => {
    const [a, b] = [Buffer.from('a'), Buffer.from('b')]
    const headers = [[a, Buffer.from('x')] as const, [a, null] as const, [b, null] as const]
    const batch = record(0, '-1', 'plain')
    const one = { ...batch, records: batch.records.map(record => ({ ...record, value: null, headers })) }
    const [run] = contiguousRuns(fetched([one]), 0n)
    expect(run?.kind === 'batch' && run.packets[0]).toMatchObject({
      value: Buffer.alloc(0),
      headers: { a: [Buffer.from('x'), Buffer.alloc(0)], b: Buffer.alloc(0) },
    })
  })
})
