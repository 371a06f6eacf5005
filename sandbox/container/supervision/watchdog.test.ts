import { expect, test, vi } from 'vitest'
import { type KillReason } from '../process/container-process.ts'
import { openWatchdog } from './watchdog.ts'

interface Figures {
  readonly cpuMs?: number
  readonly memoryMb?: number
  readonly outOfMemory?: boolean
  readonly stopped?: boolean
  readonly wantsToRun?: boolean
  readonly isBusy?: boolean
  readonly sleepsByItself?: boolean
}

/** The reason a step of 50 ms is ended for, given what its container uses meanwhile. */
async function reasonFor(figures: Figures, patienceMs = 60_000): Promise<KillReason | undefined> {
  const {
    cpuMs,
    memoryMb,
    outOfMemory = false,
    stopped = false,
    wantsToRun = false,
    isBusy = false,
    sleepsByItself = false,
  } = figures
  const { promise, resolve } = Promise.withResolvers<KillReason | undefined>()
  let asked = 0
  const usage = {
    cpuMs: () => (cpuMs === undefined ? undefined : asked++ === 0 ? 0 : cpuMs),
    memoryMb: () => memoryMb,
    ranOutOfMemory: () => outOfMemory,
    pids: () => [],
    wantsToRun: () => wantsToRun,
    sleepsByItself: () => sleepsByItself,
    stopped: () => stopped,
  }
  const options = { limitMs: 50, fullMb: 100, isBusy: () => isBusy }
  const watchdog = openWatchdog({ usage, kill: reason => resolve(reason) }, options)
  const enough = setTimeout(() => resolve(undefined), patienceMs)
  const reason = await promise
  clearTimeout(enough)
  watchdog.close()
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
test('one that waits for a processor is left alone until it had its time', async () => {
  const starved = { cpuMs: 20, wantsToRun: true }
  expect(await reasonFor(starved, 1500)).toBeUndefined()
  expect(await reasonFor({ ...starved, isBusy: true }, 1500)).toBeUndefined()
  expect(await reasonFor({ cpuMs: 60, wantsToRun: true, isBusy: true })).toBe('deadline')
})
test('one that sleeps in a call of its own is ended, however busy the machine is', async () =>
  expect(await reasonFor({ cpuMs: 20, sleepsByItself: true, isBusy: true })).toBe('deadline'))
test('one that sleeps on a busy machine may have answered, and is ended later, without blame', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  const reason = reasonFor({ cpuMs: 20, isBusy: true })
  await vi.advanceTimersByTimeAsync(2000)
  expect(await Promise.race([reason, Promise.resolve('nothing yet')])).toBe('nothing yet')
  await vi.advanceTimersByTimeAsync(3000)
  vi.useRealTimers()
  expect(await reason).toBe('starved')
})
