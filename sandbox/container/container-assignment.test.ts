// Who shares a container with whom.
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { type Program } from '../sandbox.ts'
import { MAX_TENANTS, Room } from './supervision/shared-container.ts'
import { openRooms } from './container-assignment.ts'

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

function roomsWith(shareByAuthor: boolean) {
  const memory: number[] = []
  const roomOf = openRooms({
    shareByAuthor,
    open(memoryMb) {
      memory.push(memoryMb)
      return new Room({
        start: () => Promise.reject(new Error('none')),
        logger: pino({ level: 'silent' }),
        onRestart: () => undefined,
      })
    },
  })
  let slot = 0
  const enter = (over: Partial<Program>): Room => {
    const room = roomOf(program(over))
    room.enter({ program: program(over), slot: slot++, failedBetween: () => undefined })
    return room
  }
  return { enter, memory }
}

test('each filter has its own container unless its author’s may be shared', () => {
  const { enter, memory } = roomsWith(false)
  expect(enter({ author: 'ada' })).not.toBe(enter({ author: 'ada' }))
  expect(memory).toEqual([32, 32])
})

test('filters of one author share a container that has memory for all; others, and quarantined ones, never do', () => {
  const { enter, memory } = roomsWith(true)
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
  expect(memory[0]).toBe(32 * MAX_TENANTS)
})

test('a full container gets no more, and the next one is shared again', () => {
  const { enter } = roomsWith(true)
  const rooms = Array.from({ length: MAX_TENANTS + 2 }, () => enter({ author: 'ada' }))
  expect(new Set(rooms).size).toBe(2)
  expect(rooms.at(-1)).toBe(rooms.at(-2))
})
