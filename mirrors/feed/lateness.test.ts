import { expect, test } from 'vitest'
import { openLateness, openSilence } from './lateness.ts'

test('the most that anything was late by counts for 15 s', () => {
  const lateness = openLateness()
  expect(lateness.lateMs(0)).toBe(0)
  lateness.note(40, 1000)
  lateness.note(9000, 2000)
  lateness.note(40, 16_000)
  expect(lateness.lateMs(16_000)).toBe(9000)
  lateness.note(40, 17_000)
  expect(lateness.lateMs(17_000)).toBe(40)
})

test('where nothing came for 15 s, nothing is known to be late: a topic replayed with old timestamps delays nothing after its end', () => {
  const lateness = openLateness()
  lateness.note(7_200_000, 1000)
  expect(lateness.lateMs(15_999)).toBe(7_200_000)
  expect(lateness.lateMs(16_000)).toBe(0)
})

test('a hub that was never heard of is not late', () => {
  expect(openSilence().lateMs(5000)).toBe(0)
})

test('a hub is late by its silence, and for 15 s after it by how long that was', () => {
  const silence = openSilence()
  silence.heard(1000, 1040, true)
  silence.heard(2000, 2040)
  expect(silence.lateMs(2040)).toBe(1040)
  expect(silence.lateMs(22_000)).toBe(20_000)
  for (let tick = 3; tick <= 23; tick++) silence.heard(tick * 1000, 23_000)
  expect(silence.lateMs(23_000)).toBe(21_000)
  for (let tick = 24; tick < 38; tick++) silence.heard(tick * 1000, tick * 1000 + 40)
  expect(silence.lateMs(37_900)).toBe(21_000)
  for (let tick = 38; tick < 40; tick++) silence.heard(tick * 1000, tick * 1000 + 40)
  expect(silence.lateMs(39_100)).toBeLessThan(2000)
})

test('what an opening reader finds does not make the hub late, however old it is, once the hub is heard of again', () => {
  const silence = openSilence()
  silence.heard(1000, 3_600_000, true)
  expect(silence.lateMs(3_600_000)).toBe(3_599_000)
})
