import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { busyShare, openMachine } from './machine.ts'

test('a machine says what it has, and at first not how busy it was', async () => {
  const machine = openMachine(tmpdir())
  const first = await machine.look()
  expect(await machine.look()).toBe(first)
  expect(first.cpuShare).toBeUndefined()
  expect(first.cores).toBeGreaterThanOrEqual(1)
  expect(first.memoryFreeBytes).toBeLessThanOrEqual(first.memoryBytes)
  expect(first.diskFreeBytes).toBeLessThanOrEqual(first.diskBytes ?? 0)
})

test('a folder that is not there costs the numbers of its disk, and nothing else', async () => {
  const { diskBytes, memoryBytes } = await openMachine('/nowhere/at/all').look()
  expect(diskBytes).toBeUndefined()
  expect(memoryBytes).toBeGreaterThan(0)
})

test('the busy share is that of the time between two looks, and unknown where counters began anew', () => {
  expect(busyShare({ busy: 10, idle: 90 }, { busy: 40, idle: 100 })).toBe(0.75)
  expect(busyShare({ busy: 10, idle: 90 }, { busy: 10, idle: 90 })).toBeUndefined()
  expect(busyShare({ busy: 10, idle: 90 }, { busy: 1, idle: 9 })).toBeUndefined()
})
