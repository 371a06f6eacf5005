// Who shares a container with whom.
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { type Program } from '../sandbox.ts'
import { openContainerAssignment } from './container-assignment.ts'
import { MAX_FILTERS, SharedContainer } from './supervision/shared-container.ts'

const limits = { batchMs: 200, memoryMb: 32, logChars: 0, annotationChars: 0 }
const program = (over: Partial<Program>): Program => ({
  id: 'x',
  version: 1,
  runtime: 'container',
  source: '',
  fileName: 'x.py',
  reads: { columns: [], lists: [] },
  trust: 'new',
  limits,
  ...over,
})

function assignmentWith(shareByAuthor: boolean) {
  const memory: number[] = []
  const containerFor = openContainerAssignment({
    shareByAuthor,
    open(memoryMb) {
      memory.push(memoryMb)
      return new SharedContainer({
        start: () => Promise.reject(new Error('none')),
        logger: pino({ level: 'silent' }),
        onRestart: () => undefined,
      })
    },
  })
  let slot = 0
  const enter = (over: Partial<Program>): SharedContainer => {
    const container = containerFor(program(over))
    container.add({ program: program(over), slot: slot++, failedBetween: () => undefined })
    return container
  }
  return { enter, memory }
}

test('each filter has its own container unless its author’s may be shared', () => {
  const { enter, memory } = assignmentWith(false)
  expect(enter({ author: 'ada' })).not.toBe(enter({ author: 'ada' }))
  expect(memory).toEqual([32, 32])
})

test('filters of one author share a container that has memory for all; others, and quarantined ones, never do', () => {
  const { enter, memory } = assignmentWith(true)
  const ada = enter({ author: 'ada' })
  expect(enter({ author: 'ada' })).toBe(ada)
  const others = [
    { author: 'bob' },
    {},
    {},
    { author: 'ada', trust: 'quarantined' },
    { author: 'ada', trust: 'known' },
  ] as const
  expect(new Set([ada, ...others.map(enter)]).size).toBe(6)
  expect(memory[0]).toBe(32 * MAX_FILTERS)
})

test('a full container gets no more, and the next one is shared again', () => {
  const { enter } = assignmentWith(true)
  const containers = Array.from({ length: MAX_FILTERS + 2 }, () => enter({ author: 'ada' }))
  expect(new Set(containers).size).toBe(2)
  expect(containers.at(-1)).toBe(containers.at(-2))
})
