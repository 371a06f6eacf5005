// What a call is charged.
import { expect, test } from 'vitest'
import { openCpuMeter } from './cpu-meter.ts'

/** A meter on a clock of its own, with a thread whose CPU time is only seen in ticks of 4 ms. */
function meterOn(share: number) {
  let wallMs = 0
  const meter = openCpuMeter({ now: () => wallMs, threadCpuMs: () => Math.floor((wallMs * share) / 4) * 4 })
  return (ms: number): number => {
    meter.begin()
    wallMs += ms
    return meter.end()
  }
}

test('short calls of a thread that is always running are charged their time', () => {
  const call = meterOn(1)
  const charged = Array.from({ length: 10_000 }, () => call(0.5)).reduce((sum, ms) => sum + ms, 0)
  expect(charged).toBeCloseTo(5000, -2)
})

test('short calls of a thread that gets half the processor are charged half', () => {
  const call = meterOn(0.5)
  for (let i = 0; i < 4000; i++) call(0.5)
  expect(call(1)).toBeCloseTo(0.5, 1)
})

test('a long call is charged what the kernel says', () => {
  const call = meterOn(0.25)
  expect(call(400)).toBe(100)
})
