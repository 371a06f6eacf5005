// What becomes of work whose host ended without a filter to blame.
import { expect, test } from 'vitest'
import { Phase } from '../../protocol/wire.ts'
import { type HostEnd } from '../process/host-process.ts'
import { afterEnd, afterEndOfLoad, failureOf, type UnblamedEnd } from './unblamed-end.ts'

const limits = { batchMs: 200, memoryMb: 32, logChars: 0, annotationChars: 0 }
const end: HostEnd = {
  code: null,
  signal: null,
  intent: { slot: 1, seq: 1, phase: Phase.idle, count: 9 },
  stderr: '',
  outOfMemory: false,
}
const killed: HostEnd = { ...end, signal: 'SIGKILL' }
const whole: UnblamedEnd = { ends: 1, filters: 9, asked: 9, endsInAll: 1, othersAnswered: false, isLate: false }
const alone = { ...whole, filters: 1, asked: 1 }
const inside: Partial<HostEnd>[] = [
  { killedFor: 'protocol' },
  { killedFor: 'overdue' },
  { killedFor: 'full' },
  { outOfMemory: true, signal: 'SIGKILL' },
  { code: 1 },
  { code: 134 },
  { signal: 'SIGSEGV' },
]
const outside: Partial<HostEnd>[] = [
  { signal: 'SIGKILL' },
  { code: 137 },
  { code: 143 },
  { code: 0 },
  { killedFor: 'starved' },
  { killedFor: 'posture' },
]

test.each(inside)('what was done from inside (%j) is found by halves, and is the last one’s', over => {
  expect(afterEnd({ ...end, ...over }, whole)).toBe('split')
  expect(afterEnd({ ...end, ...over }, alone)).toBe('convict')
  expect(failureOf({ ...end, ...over }, 1, limits).error.message).not.toBe('')
})

test.each(outside)('what came from outside (%j) is tried again', over => {
  expect(afterEnd({ ...end, ...over }, whole)).toBe('again')
  expect(afterEnd({ ...end, ...over }, alone)).toBe('again')
})

test('the reason is what its host was ended for', () => {
  const reasons = inside.map(over => failureOf({ ...end, ...over }, 1, limits).reason)
  expect(reasons).toEqual(['protocol', 'timeout', 'out-of-memory', 'out-of-memory', 'crash', 'crash', 'crash'])
})

test('a batch that hosts do not survive is split in the end, whatever ends them', () => {
  expect(afterEnd(killed, { ...whole, ends: 5, endsInAll: 5 })).toBe('split')
  expect(afterEnd(killed, { ...whole, filters: 4, ends: 2, endsInAll: 7 })).toBe('split')
})

test('where nobody is answered it is the machine, and where others are it is the one who is not', () => {
  expect(afterEnd(killed, { ...whole, filters: 1, ends: 5, endsInAll: 12 })).toBe('give-up')
  expect(afterEnd(killed, { ...whole, filters: 4, ends: 1, endsInAll: 17 })).toBe('give-up')
  expect(afterEnd(killed, { ...whole, filters: 1, ends: 5, endsInAll: 12, othersAnswered: true })).toBe('convict')
  expect(afterEnd(killed, { ...alone, ends: 5, endsInAll: 5 })).toBe('convict')
})

test('an evaluation that had all its time is not tried again', () => {
  const late = { ...whole, filters: 3, isLate: true }
  expect(afterEnd(killed, { ...late, othersAnswered: true })).toBe('convict')
  expect(afterEnd(killed, { ...alone, isLate: true })).toBe('convict')
  expect(afterEnd(killed, { ...whole, isLate: true })).toBe('give-up')
})

test('every way of ends is over after a bounded number of them', () => {
  for (const over of [...inside, ...outside])
    for (const othersAnswered of [true, false])
      for (const asked of [1, 2, 99]) {
        let [filters, ends, endsInAll] = [asked, 0, 0]
        let step = 'again'
        while (step === 'again' || step === 'split') {
          if (step === 'split') [filters, ends] = [filters >> 1 || 1, 0]
          step = afterEnd(
            { ...end, ...over },
            { ends: ++ends, filters, asked, endsInAll: ++endsInAll, othersAnswered, isLate: false },
          )
          expect(endsInAll).toBeLessThan(40)
        }
      }
})

test('a program that its host does not survive loading is refused, unless no host loads anything', () => {
  expect([1, 2].map(ends => afterEndOfLoad({ ...end, code: 1 }, ends, true))).toEqual(['again', 'convict'])
  expect([1, 4, 5].map(ends => afterEndOfLoad(killed, ends, true))).toEqual(['again', 'again', 'convict'])
  expect(afterEndOfLoad(killed, 5, false)).toBe('give-up')
})
