import { expect, test } from 'vitest'
import { cpuGroupOf } from './cpu-group.ts'

test('the group of filters is below our own in version 1, and beside it in version 2', () => {
  expect(cpuGroupOf('4:memory:/m\n1:cpu,cpuacct:/jobs\n0::/\n')).toEqual({
    path: '/jobs/skysieve-filters',
    file: '/sys/fs/cgroup/cpu,cpuacct/jobs/skysieve-filters/cpu.shares',
    value: 102,
  })
  expect(cpuGroupOf('0::/system.slice/skysieve.service\n')).toEqual({
    path: '/system.slice/skysieve-filters',
    file: '/sys/fs/cgroup/system.slice/skysieve-filters/cpu.weight',
    value: 10,
  })
  expect(cpuGroupOf('0::/\n').path).toBe('/skysieve-filters')
})
