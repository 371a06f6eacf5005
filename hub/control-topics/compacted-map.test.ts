import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type HubError } from '../errors.ts'
import { type LogRecord } from '../kafka/consume/committed-records.ts'
import { openCompactedMap } from './compacted-map.ts'

const record = (key: string | null, value: string | null, offset = 0): LogRecord => ({
  offset: BigInt(offset),
  timestampMs: 0,
  key: key === null ? null : Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  headers: [],
})

const parse = (value: Buffer): string => {
  if (value.toString() === 'bad') throw new Error('bad value')
  return value.toString()
}

const open = () => {
  const problems: HubError[] = []
  return { replica: openCompactedMap('topic', parse, problem => problems.push(problem)), problems }
}

describe('a replica', () => {
  test('holds the last value of each key', () => {
    const { replica } = open()
    const changes = replica.take([
      record('a', '1'),
      record('b', '1'),
      record('a', '2'),
      record('b', null),
      record('c', null),
    ])
    expect([...replica.values]).toEqual([['a', '2']])
    expect(changes).toEqual([
      { key: 'a', value: '1', previous: undefined },
      { key: 'b', value: '1', previous: undefined },
      { key: 'a', value: '2', previous: '1' },
      { key: 'b', value: undefined, previous: '1' },
    ])
  })

  test('reports a record it cannot read, keeps the key’s value and goes on', () => {
    const { replica, problems } = open()
    replica.take([record('a', '1'), record('a', 'bad', 7), record(null, 'x', 8), record('b', '1')])
    expect([...replica.values]).toEqual([
      ['a', '1'],
      ['b', '1'],
    ])
    expect(problems.map(({ code }) => code)).toEqual(['HUB_CONTROL_RECORD', 'HUB_CONTROL_RECORD'])
    expect(problems[0]?.message).toContain('offset 7 of topic')
  })

  test('begins anew where its topic did, and says what is gone', () => {
    const { replica } = open()
    replica.take([record('a', '1'), record('b', '1')])
    expect(replica.restart([record('b', '2'), record('c', '1')])).toEqual([
      { key: 'a', value: undefined, previous: '1' },
      { key: 'b', value: '2', previous: '1' },
      { key: 'c', value: '1', previous: undefined },
    ])
  })

  test('is the same however compaction has thinned the topic', () => {
    const change = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2', null))
    fc.assert(
      fc.property(fc.array(change), changes => {
        const records = changes.map(([key, value]) => record(key, value))
        const compacted = records.filter(({ key }, at) => !records.slice(at + 1).some(later => later.key!.equals(key!)))
        const [full, thin] = [open().replica, open().replica]
        full.take(records)
        thin.take(compacted)
        expect(new Map(thin.values)).toEqual(new Map(full.values))
      }),
    )
  })
})
