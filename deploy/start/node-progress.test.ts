import { expect, test } from 'vitest'
import { openDashboard } from './dashboard.ts'
import { followCopying, openCatchUp } from './node-progress.ts'

const lag = (onHub: number, copied: number, seconds = 0) => ({
  onHub: BigInt(onHub),
  copied: BigInt(copied),
  alerts: onHub - copied,
  seconds,
})

test('a node has caught up when it has what the hub had at first, however much comes meanwhile', () => {
  const hasCaughtUp = openCatchUp()
  expect(hasCaughtUp(lag(10_000, 0))).toBe(false)
  expect(hasCaughtUp(lag(50_000, 9999))).toBe(false)
  expect(hasCaughtUp(lag(90_000, 10_000))).toBe(true)
})

test('so has one that finds an empty hub, or has nearly all', () => {
  expect(openCatchUp()(lag(0, 0))).toBe(true)
  expect(openCatchUp()(lag(10_000, 9990))).toBe(true)
})

test('a log has a line of the copying now and then, the end of it, and each falling behind', async () => {
  const written: string[] = []
  const dashboard = openDashboard({ isTerminal: false, write: text => written.push(text.trim()) })
  let nowMs = 0
  const { onLag, step } = followCopying('node3', dashboard, false, () => nowMs)
  for (const copied of [0, 1000, 2000]) onLag(lag(10_000, copied))
  nowMs = 31_000
  onLag(lag(12_000, 3000))
  onLag(lag(20_000, 10_000))
  await step.run(new AbortController().signal)
  for (const seconds of [0, 70, 80, 5]) onLag(lag(30_000, 20_000, seconds))
  expect(written).toEqual([
    'node3-copy           0 alerts are here, 10,000 are to come',
    'node3-copy           3,000 alerts are here, 9,000 are to come',
    'node3-copy           caught up: 10,000 alerts are here',
    'node3 is 10,000 alerts behind the hub.',
    'node3 has caught up with the hub.',
  ])
})

test('a start that ends does not wait for it', async () => {
  const dashboard = openDashboard({ isTerminal: false, write: () => undefined })
  const { step } = followCopying('node3', dashboard, false)
  const ending = new AbortController()
  const waiting = step.run(ending.signal)
  ending.abort(new Error('Ctrl-C'))
  await expect(waiting).rejects.toThrow('Ctrl-C')
})
