import { expect, test } from 'vitest'
import { cpuQuotaOf, nanoCpus } from './cpu-quota.ts'

const reader =
  (files: Readonly<Record<string, string>>) =>
  (path: string): string | undefined =>
    files[path]

test('in version 1 the least quota of the own group and of those above it counts', () => {
  const own = '4:memory:/m\n1:cpu,cpuacct:/jobs/one\n0::/\n'
  const files = {
    'cpu,cpuacct/jobs/one/cpu.cfs_quota_us': '-1\n',
    'cpu,cpuacct/jobs/one/cpu.cfs_period_us': '100000\n',
    'cpu,cpuacct/jobs/cpu.cfs_quota_us': '50000\n',
    'cpu,cpuacct/jobs/cpu.cfs_period_us': '100000\n',
    'cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
    'cpu,cpuacct/cpu.cfs_period_us': '100000\n',
  }
  expect(cpuQuotaOf(own, reader(files))).toBe(0.5)
})

test('in version 2 too, where a group without a quota says max', () => {
  const files = { '/system.slice/skysieve.service/cpu.max': '150000 100000\n', '/system.slice/cpu.max': 'max 100000\n' }
  expect(cpuQuotaOf('0::/system.slice/skysieve.service\n', reader(files))).toBe(1.5)
})

test('nothing limits where no group says so, or where groups cannot be read', () => {
  expect(cpuQuotaOf('1:cpu:/\n', reader({ 'cpu/cpu.cfs_quota_us': '-1', 'cpu/cpu.cfs_period_us': '100000' }))).toBe(
    Infinity,
  )
  expect(cpuQuotaOf('', reader({}))).toBe(Infinity)
  expect(cpuQuotaOf('0::/a\n', reader({ '/a/cpu.max': 'nonsense' }))).toBe(Infinity)
})

test('a container asks for what it wants, or for the quota where that is less', () => {
  expect(nanoCpus(1, Infinity)).toBe(1_000_000_000)
  expect(nanoCpus(1, 0.5)).toBe(500_000_000)
  expect(nanoCpus(2, 1.25)).toBe(1_250_000_000)
  expect(nanoCpus(1, 0.001)).toBe(10_000_000)
})
