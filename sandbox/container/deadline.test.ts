import { expect, test } from 'vitest'
import { type KillReason } from './blame.ts'
import { openDeadline } from './deadline.ts'

interface Figures {
  readonly cpuMs?: number
  readonly memoryMb?: number
  readonly outOfMemory?: boolean
  readonly stopped?: boolean
}

/** The reason a step of 50 ms is ended for, given what its container uses meanwhile. */
async function reasonFor({ cpuMs, memoryMb, outOfMemory = false, stopped = false }: Figures): Promise<KillReason> {
  const { promise, resolve } = Promise.withResolvers<KillReason>()
  let asked = 0
  const usage = {
    cpuMs: () => (cpuMs === undefined ? undefined : asked++ === 0 ? 0 : cpuMs),
    memoryMb: () => memoryMb,
    ranOutOfMemory: () => outOfMemory,
    pids: () => [],
    stopped: () => stopped,
  }
  const deadline = openDeadline({ usage, kill: reason => resolve(reason) }, { limitMs: 50, fullMb: 100 })
  const reason = await promise
  deadline.close()
  return reason
}

test('a step that burnt its time is ended for it', async () =>
  expect(await reasonFor({ cpuMs: 60, memoryMb: 50 })).toBe('deadline'))
test('one that filled its memory meanwhile is ended for that', async () =>
  expect(await reasonFor({ cpuMs: 60, memoryMb: 150 })).toBe('memory'))
test('one whose process the kernel ended for its memory is told so, though its memory is free again', async () =>
  expect(await reasonFor({ cpuMs: 60, memoryMb: 5, outOfMemory: true })).toBe('memory'))
test('one that only waits is ended in the end', async () => expect(await reasonFor({ cpuMs: 0 })).toBe('deadline'))
test('without figures the clock alone decides', async () => expect(await reasonFor({})).toBe('deadline'))
test('one that was stopped from outside is not to blame', async () =>
  expect(await reasonFor({ cpuMs: 0, stopped: true })).toBe('starved'))
