// Who may read the topic for himself, and for how long.
import { expect, test } from 'vitest'
import { ReadSlots } from './read-slots.ts'

const never = new AbortController().signal

test('slots are given in the order they were asked for, never more at once than there are', async () => {
  const slots = new ReadSlots(2)
  const [one, two] = [await slots.acquire(never), await slots.acquire(never)]
  const order: string[] = []
  const third = slots.acquire(never).then(slot => (order.push('third'), slot))
  const fourth = slots.acquire(never).then(slot => (order.push('fourth'), slot))
  await Promise.resolve()
  expect(order).toEqual([])
  two?.release()
  two?.release()
  await third
  expect(order).toEqual(['third'])
  one?.release()
  await fourth
  expect(order).toEqual(['third', 'fourth'])
})

test('a slot is over only when somebody waits', async () => {
  const slots = new ReadSlots(1, 0)
  const slot = await slots.acquire(never)
  await new Promise(resolve => setTimeout(resolve, 2))
  expect(slot?.isOver).toBe(false)
  void slots.acquire(never)
  expect(slot?.isOver).toBe(true)
})

test('who gives up while waiting gets no slot and takes none away', async () => {
  const slots = new ReadSlots(1)
  const first = await slots.acquire(never)
  const giveUp = new AbortController()
  const second = slots.acquire(giveUp.signal)
  const third = slots.acquire(never)
  giveUp.abort()
  expect(await second).toBeUndefined()
  first?.release()
  expect(await third).toBeDefined()
  expect(await slots.acquire(AbortSignal.abort())).toBeUndefined()
})
