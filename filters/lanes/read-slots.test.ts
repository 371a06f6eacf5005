// Who may read the topic for himself, and for how long.
import { expect, test } from 'vitest'
import { Turns } from './read-slots.ts'

const never = new AbortController().signal

test('turns are given in the order they were asked for, never more at once than there are', async () => {
  const turns = new Turns(2)
  const [one, two] = [await turns.take(never), await turns.take(never)]
  const order: string[] = []
  const third = turns.take(never).then(turn => (order.push('third'), turn))
  const fourth = turns.take(never).then(turn => (order.push('fourth'), turn))
  await Promise.resolve()
  expect(order).toEqual([])
  two?.give()
  two?.give()
  await third
  expect(order).toEqual(['third'])
  one?.give()
  await fourth
  expect(order).toEqual(['third', 'fourth'])
})

test('a turn is over only when somebody waits', async () => {
  const turns = new Turns(1, 0)
  const turn = await turns.take(never)
  await new Promise(resolve => setTimeout(resolve, 2))
  expect(turn?.isOver).toBe(false)
  void turns.take(never)
  expect(turn?.isOver).toBe(true)
})

test('who gives up while waiting gets no turn and takes none away', async () => {
  const turns = new Turns(1)
  const first = await turns.take(never)
  const giveUp = new AbortController()
  const second = turns.take(giveUp.signal)
  const third = turns.take(never)
  giveUp.abort()
  expect(await second).toBeUndefined()
  first?.give()
  expect(await third).toBeDefined()
  expect(await turns.take(AbortSignal.abort())).toBeUndefined()
})
