import { expect, test } from 'vitest'
import { inOrder, runPlan, type Step } from './run-plan.ts'

const never = new AbortController().signal
const step = (name: string, after: readonly string[], run: Step['run'] = async () => undefined): Step => ({
  name,
  after,
  run,
})

test('a step begins when all it waits for are done, and not before', async () => {
  const events: string[] = []
  const noted = (name: string, after: readonly string[]): Step =>
    step(name, after, async () => {
      events.push(`${name} begins`)
      await new Promise(resolve => setImmediate(resolve))
      events.push(`${name} ends`)
    })
  await runPlan([noted('api', ['hub', 'redis']), noted('hub', []), noted('redis', [])], never)
  expect(events).toEqual(['hub begins', 'redis begins', 'hub ends', 'redis ends', 'api begins', 'api ends'])
})

test('the first failure stops the others and is what the start fails with', async () => {
  let aborted = false
  const slow = step('slow', [], signal => {
    const { promise, reject } = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => {
      aborted = true
      reject(new Error('aborted'))
    })
    return promise
  })
  const broken = step('broken', [], () => Promise.reject(new Error('no disk')))
  let begun = false
  const later = step('later', ['broken'], async () => {
    begun = true
  })
  await expect(runPlan([slow, broken, later], never)).rejects.toThrow('no disk')
  expect(aborted).toBe(true)
  expect(begun).toBe(false)
})

test('a circle and an unknown name are refused before anything runs', async () => {
  await expect(runPlan([step('a', ['b']), step('b', ['a'])], never)).rejects.toThrow('circle')
  await expect(runPlan([step('a', ['x'])], never)).rejects.toThrow('a waits for x')
})

test('the order of a plan puts each step after those it waits for', () => {
  const names = inOrder([step('c', ['b']), step('b', ['a']), step('a', [])]).map(({ name }) => name)
  expect(names).toEqual(['a', 'b', 'c'])
})
