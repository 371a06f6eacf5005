import { expect, test } from 'vitest'
import { FairQueue } from './fair-queue.ts'

/** Pieces of work that end when they are told to, and the order in which they began. */
function open(options: ConstructorParameters<typeof FairQueue>[0]) {
  const queue = new FairQueue(options)
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const add = (party: string, name: string): Promise<void> =>
    queue.run(party, () => {
      begun.push(name)
      return new Promise(resolve => ends.set(name, resolve))
    })
  const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.()
    await settle()
  }
  return { add, begun, end, settle }
}

test('turns go round by party, however much of one waits', async () => {
  const { add, begun, end, settle } = open({ atOnce: 1, perParty: 1, waiting: 10 })
  for (const name of ['a1', 'a2', 'a3']) void add('a', name)
  for (const name of ['b1', 'b2']) void add('b', name)
  void add('c', 'c1')
  await settle()
  for (const name of ['a1', 'b1', 'c1', 'a2', 'b2']) await end(name)
  expect(begun).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
})

test('a party whose work never ends leaves room for the others', async () => {
  const { add, begun, end, settle } = open({ atOnce: 3, perParty: 2, waiting: 100 })
  for (let i = 0; i < 20; i++) void add('a', `a${i}`)
  for (const name of ['b1', 'b2', 'b3']) void add('b', name)
  await settle()
  for (const name of ['b1', 'b2', 'b3']) await end(name)
  expect(begun).toEqual(['a0', 'a1', 'b1', 'b2', 'b3'])
})

test('what one party has waiting is bounded, and others are not told so', async () => {
  const { add } = open({ atOnce: 1, perParty: 1, waiting: 2 })
  for (const name of ['a1', 'a2', 'a3']) void add('a', name)
  await expect(add('a', 'a4')).rejects.toMatchObject({ code: 'FILTER_BUSY' })
  void add('b', 'b1')
})

test('work that fails gives its turn back', async () => {
  const queue = new FairQueue({ atOnce: 1, perParty: 1, waiting: 1 })
  await expect(queue.run('a', () => Promise.reject(new Error('x')))).rejects.toThrow('x')
  expect(await queue.run('a', () => Promise.resolve(7))).toBe(7)
})
