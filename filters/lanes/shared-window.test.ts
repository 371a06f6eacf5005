// Batches shared by several lanes: who gets which, when memory is given back, and who falls out.
import { type ColumnSet } from '#sandbox'
import { expect, test } from 'vitest'
import { type BatchSource, type Entry, type LaneBatch } from '../batch/lane-batch.ts'
import { type Follower, SharedWindow } from './shared-window.ts'

const NONE: ColumnSet = { columns: [], lists: [] }
const FLUX: ColumnSet = { columns: [{ path: 'flux', kind: 'number' }], lists: [] }

/** A source whose batches hold one packet of 10 bytes each. */
function openSource() {
  const released: number[] = []
  const asked: ColumnSet[] = []
  let count = 0
  let hasEnded = false
  const source: BatchSource = {
    isEmpty: true,
    next: () => {
      if (hasEnded) return Promise.resolve(undefined)
      const number = count++
      const entry: Entry = {
        partition: 0,
        offset: BigInt(number),
        timestampMs: 0,
        came: { afterMs: 0, byMs: 0 },
        packet: Buffer.alloc(10),
        row: -1,
        alert: 0n,
        visit: 0n,
      }
      const release = (): void => void released.push(number)
      return Promise.resolve({ set: asked.at(-1) ?? NONE, entries: [entry], columns: undefined, release })
    },
    include: set => void asked.push(set),
    poke: () => undefined,
  }
  return { source, released, asked, end: () => (hasEnded = true) }
}

const offsetOf = (batch: LaneBatch | undefined): number => Number(batch?.entries[0]?.offset ?? -1)

function arrive(window: SharedWindow, name: string, reads = NONE, gatherMs = 0): { follower: Follower | undefined } {
  const arrived: { follower: Follower | undefined } = { follower: undefined }
  window.expect(name, {
    reads: () => reads,
    gatherMs: () => gatherMs,
    isReady: () => true,
    enter: follower => (arrived.follower = follower),
  })
  return arrived
}

test('a follower gets every batch from the one before which it entered, and memory goes back when all are done', async () => {
  const { source, released } = openSource()
  const window = new SharedWindow(source, NONE)
  ;(await window.next())?.release()
  const { follower } = await (async () => {
    const arrived = arrive(window, 'own.a')
    const second = await window.next()
    second?.release()
    return arrived
  })()
  expect(released).toEqual([0])
  const first = await follower?.next()
  expect(offsetOf(first)).toBe(1)
  first?.release()
  first?.release()
  expect(released).toEqual([0, 1])
})

test('a lane enters only when batches carry its columns', async () => {
  const { source, asked } = openSource()
  const window = new SharedWindow(source, NONE)
  const next = window.next()
  const arrived = arrive(window, 'own.a', FLUX)
  await next
  expect(arrived.follower).toBeUndefined()
  expect(asked).toEqual([FLUX])
  await window.next()
  expect(arrived.follower).toBeDefined()
})

test('a lane that lags behind what memory allows falls out, and the others do not notice', async () => {
  const { source, released } = openSource()
  const window = new SharedWindow(source, NONE, { bytes: 30, batches: 100 })
  const [slow, quick] = [arrive(window, 'own.slow'), arrive(window, 'own.quick')]
  const taken: number[] = []
  const reading = async () => {
    for (let batch = await quick.follower?.next(); taken.length < 5; batch = await quick.follower?.next()) {
      taken.push(offsetOf(batch))
      batch?.release()
    }
  }
  for (let index = 0; index < 5; index++) {
    const batch = await window.next()
    if (index === 0) void reading()
    await new Promise(resolve => setImmediate(resolve))
    batch?.release()
  }
  expect(taken).toEqual([0, 1, 2, 3, 4])
  // It is not done with what it has lost: visits must not be closed as if it were.
  expect([slow, quick].map(({ follower }) => follower?.isEmpty)).toEqual([false, true])
  expect(await slow.follower?.next()).toBeUndefined()
  expect(released.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4])
})

test('a lane that is forgotten, and all when the live lane ends, get no more', async () => {
  const { source, released, end } = openSource()
  const window = new SharedWindow(source, NONE)
  const [one, other] = [arrive(window, 'own.one'), arrive(window, 'own.other')]
  const batch = await window.next()
  window.forget('own.one')
  expect(await one.follower?.next()).toBeUndefined()
  batch?.release()
  expect(released).toEqual([])
  const theirs = await other.follower?.next()
  theirs?.release()
  expect(released).toEqual([0])
  const waiting = other.follower?.next()
  end()
  expect(await window.next()).toBeUndefined()
  expect(await waiting).toBeUndefined()
})

test('a lane that gathers gets what came meanwhile as one batch, and at once when a boundary is asked for', async () => {
  const { source, released } = openSource()
  const window = new SharedWindow(source, NONE)
  const arrived = arrive(window, 'own.a', NONE, 3_600_000)
  for (let index = 0; index < 3; index++) (await window.next())?.release()
  const next = arrived.follower?.next()
  arrived.follower?.push({ set: NONE, entries: [], columns: undefined, release: () => undefined })
  const batch = await next
  expect(batch?.entries.map(({ offset }) => offset)).toEqual([0n, 1n, 2n])
  expect(released).toEqual([])
  batch?.release()
  expect(released).toEqual([0, 1, 2])
})

test('lanes do not gather any longer when memory is short', async () => {
  const { source } = openSource()
  const window = new SharedWindow(source, NONE, { bytes: 1_000_000, batches: 4 })
  const lanes = ['a', 'b', 'c'].map(name => arrive(window, `own.${name}`, NONE, 3_600_000))
  ;(await window.next())?.release()
  let begun = 0
  const asked = lanes.map(async ({ follower }) => {
    const batch = await follower?.next()
    begun++
    return batch?.entries.length
  })
  ;(await window.next())?.release()
  expect(begun).toBe(0)
  for (let index = 0; index < 2; index++) (await window.next())?.release()
  expect(await Promise.all(asked)).toEqual([4, 4, 4])
})
