import { expect, test } from 'vitest'
import { compare, noteSent, type Sent } from './audit.ts'

const sentAs = (...pairs: readonly (readonly [number, string])[]): Sent => {
  const sent: Sent = new Map()
  for (const [partition, hash] of pairs) noteSent(sent, partition, hash)
  return sent
}
const NONE = { lost: 0, duplicated: 0, foreign: 0, outOfOrder: 0 }
const sent = sentAs([0, 'a'], [1, 'b'], [2, 'c'], [0, 'd'])

test('partitions of the survey may share one of the hub, each in its order', () => {
  expect(compare(sent, [['a', 'c', 'd'], ['b']])).toEqual(NONE)
  expect(compare(sent, [['c', 'a', 'd'], ['b']])).toEqual(NONE)
})

test.each([
  ['lost', [['a', 'c', 'd'], []], { lost: 1 }],
  ['duplicated', [['a', 'c', 'd', 'a'], ['b']], { duplicated: 1, outOfOrder: 1 }],
  [
    'foreign',
    [
      ['a', 'c', 'd'],
      ['b', 'x'],
    ],
    { foreign: 1 },
  ],
  ['out of order', [['d', 'a', 'c'], ['b']], { outOfOrder: 1 }],
])('what is %s is counted', (_what, came, found) => {
  expect(compare(sent, came)).toEqual({ ...NONE, ...found })
})
