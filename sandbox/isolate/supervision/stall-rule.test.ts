// When a host is ended for not moving on, and when it is not.
import { expect, test } from 'vitest'
import { GRACE_MS } from '../../protocol/chargeable-cpu.ts'
import { Phase } from '../../protocol/wire.ts'
import { IDLE_LIMIT_MS, type Figures, type Observation, openStallRule, LOOK_MS } from './stall-rule.ts'

const limits = { batchMs: 200, memoryMb: 32 }
const figures = { cpuMs: () => 0, residentMb: () => 100, stopped: () => false }
const running: Observation = {
  intent: { slot: 1, seq: 1, phase: Phase.evaluate, count: 1 },
  elapsedMs: LOOK_MS,
  limits,
  figures,
}

/** Looks every 20 ms for so long; the figures may depend on the time since the start. */
function watchFor(
  ms: number,
  at: (ms: number) => Partial<Observation & Figures>,
): { reason: string | undefined; atMs: number } {
  const stallRule = openStallRule()
  for (let now = 0; now <= ms; now += LOOK_MS) {
    const { intent = running.intent, ...rest } = at(now)
    const reason = stallRule.look({ ...running, intent, figures: { ...figures, ...rest } })
    if (reason !== undefined) return { reason, atMs: now }
  }
  return { reason: undefined, atMs: ms }
}

test('a step that uses its time and does not end is over after its limit and the grace', () => {
  const { reason, atMs } = watchFor(5000, now => ({ cpuMs: () => now }))
  expect(reason).toBe('deadline')
  expect(atMs).toBeGreaterThan(limits.batchMs + GRACE_MS)
  expect(atMs).toBeLessThan(limits.batchMs + GRACE_MS + 3 * LOOK_MS)
})

const intentAt = (now: number): Pick<Observation, 'intent'> => ({
  intent: { ...running.intent, count: Math.floor(now / 100) },
})

test('steps that follow one another are never over', () => {
  expect(watchFor(20_000, now => ({ ...intentAt(now), cpuMs: () => now })).reason).toBeUndefined()
})

test('a step that got no processor is not guilty, and its host is replaced only much later', () => {
  const { reason, atMs } = watchFor(60_000, now => ({ cpuMs: () => now * 0.01 }))
  expect(reason).toBe('starved')
  expect(atMs).toBeGreaterThan(10 * limits.batchMs)
})

test('a stopped host is replaced without blame', () => {
  expect(watchFor(5000, () => ({ stopped: () => true })).reason).toBe('starved')
})

test('a step whose process grew far beyond its memory is told so', () => {
  expect(watchFor(5000, now => ({ cpuMs: () => now, residentMb: () => 100 + now })).reason).toBe('memory')
})

test('a look that comes late, because this process did not run, counts little', () => {
  const stallRule = openStallRule()
  const late = { ...running, elapsedMs: 10_000, figures: { ...figures, cpuMs: () => 10_000 } }
  expect([stallRule.look(late), stallRule.look(late), stallRule.look(late)]).toEqual([undefined, undefined, undefined])
})

test('a host between two steps has much more time', () => {
  const idle = { intent: { ...running.intent, phase: Phase.idle } }
  expect(watchFor(IDLE_LIMIT_MS - LOOK_MS, () => idle).reason).toBeUndefined()
  expect(watchFor(IDLE_LIMIT_MS + 10 * LOOK_MS, () => idle).reason).toBe('starved')
})
