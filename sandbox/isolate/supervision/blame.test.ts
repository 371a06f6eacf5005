// Who pays for the end of a host.
import { expect, test } from 'vitest'
import { Phase } from '../../protocol/wire.ts'
import { type HostEnd } from '../process/host-process.ts'
import { blame } from './blame.ts'

const limits = { batchMs: 200, memoryMb: 32, logChars: 0, annotationChars: 0 }
const end: HostEnd = {
  code: null,
  signal: null,
  intent: { slot: 1, seq: 1, phase: Phase.evaluate, count: 9 },
  stderr: '',
  outOfMemory: false,
}
const reasonOf = (over: Partial<HostEnd>, grownMb = 0): string | undefined =>
  blame({ ...end, ...over }, limits, grownMb)?.reason

test('a deadline is the filter’s, and it is told how long it had', () => {
  expect(blame({ ...end, signal: 'SIGKILL', killedFor: 'deadline' }, limits, 0)).toMatchObject({
    reason: 'timeout',
    error: { message: expect.stringContaining('200 ms') as string },
  })
})

test('an abort of V8 is a crash, or out of memory when it said so', () => {
  expect(reasonOf({ code: 134 })).toBe('crash')
  expect(reasonOf({ signal: 'SIGABRT' })).toBe('crash')
  expect(reasonOf({ code: 133, stderr: 'Fatal JavaScript invalid size error 1' })).toBe('out-of-memory')
})

test('a refused system call is named', () => {
  expect(blame({ ...end, code: 159 }, limits, 0)?.error.message).toMatch(/system call/)
})

test('the kernel’s killing for memory is the filter’s when the host grew while it ran', () => {
  expect(reasonOf({ code: 137, outOfMemory: true }, 500)).toBe('out-of-memory')
  expect(reasonOf({ code: 137, outOfMemory: true }, 5)).toBeUndefined()
})

test('a host that was killed or ended from outside is nobody’s fault', () => {
  for (const over of [{ signal: 'SIGKILL' }, { signal: 'SIGTERM' }, { code: 137 }, { code: 143 }, { code: 0 }] as const)
    expect(reasonOf(over)).toBeUndefined()
  for (const killedFor of ['starved', 'retired', 'posture'] as const)
    expect(reasonOf({ signal: 'SIGKILL', killedFor })).toBeUndefined()
})

test('nobody is blamed between two filters', () => {
  expect(reasonOf({ code: 134, intent: { ...end.intent, phase: Phase.idle } })).toBeUndefined()
})
