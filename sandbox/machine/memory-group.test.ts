// A group bounds the memory of what is in it, says when the kernel ended something for it, and leaves nothing behind.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { dialectsOf, openDialect, openMemoryGroups } from './memory-group.ts'

const groups = openMemoryGroups()

test.runIf('why' in groups)('a machine without groups says why and what to do', () => {
  expect(groups).toMatchObject({ why: expect.stringMatching(/memory cgroup/) as string })
})

test.runIf('version' in groups)('two in one process do not meet, and what was left behind is removed', async () => {
  if ('why' in groups) return
  const orphan = join(groups.base, `skysieve-${process.pid}-1-abc`)
  mkdirSync(orphan)
  const [one, other] = [openMemoryGroups(), openMemoryGroups()]
  if ('why' in one || 'why' in other) throw new Error('a second time there are none')
  expect(existsSync(orphan)).toBe(false)
  for (const made of [one.make(64), other.make(64)]) made.dispose()
  await Promise.all([one.close(), other.close()])
})

test.runIf('version' in groups)('a process that outgrows its group is ended, and its group knows', async () => {
  if ('why' in groups) return
  const group = groups.make(96)
  const greedy = 'const kept = []; for (;;) kept.push(Buffer.alloc(8e6, 1))'
  const child = spawn('/bin/sh', ['-c', 'echo $$ > "$0" && exec "$1" -e "$2"', group.procs, process.execPath, greedy])
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' })
  expect(group.oomKills()).toBeGreaterThan(0)
  group.dispose()
  await groups.close()
  expect(existsSync(dirname(group.procs))).toBe(false)
})

test('groups are looked for where the process is: version 1 first, then version 2 below its group and beside it', () => {
  const bases = (own: string): string[] => dialectsOf(own).map(({ version, base }) => `${version} ${base}`)
  expect(bases('4:cpu,memory:/jobs/a:b\n0::/\n')).toEqual(['1 /sys/fs/cgroup/memory/jobs/a:b', '2 /sys/fs/cgroup'])
  expect(bases('0::/user.slice/run.scope\n')).toEqual([
    '2 /sys/fs/cgroup/user.slice/run.scope',
    '2 /sys/fs/cgroup/user.slice',
  ])
  expect(bases('')).toEqual([])
})

test('in version 2 a group is limited, has no swap, and counts what the kernel ended', () => {
  const base = mkdtempSync(join(tmpdir(), 'skysieve-groups-'))
  const [dialect] = dialectsOf('0::/')
  if (dialect === undefined) throw new Error('version 2 is not known')
  writeFileSync(join(base, 'cgroup.subtree_control'), 'cpu pids')
  const made = openDialect({ ...dialect, base })
  expect(readFileSync(join(base, 'cgroup.subtree_control'), 'utf8')).toBe('+memory')
  const group = made.make(96)
  const path = dirname(group.procs)
  expect(readFileSync(join(path, 'memory.max'), 'utf8')).toBe(String(96 * 1_048_576))
  expect(group.oomKills()).toBe(0)
  writeFileSync(join(path, 'memory.events'), 'low 0\nhigh 0\nmax 7\noom 2\noom_kill 2\noom_group_kill 0\n')
  writeFileSync(join(path, 'memory.peak'), String(50 * 1_048_576))
  expect({ kills: group.oomKills(), peakMb: group.peakMb() }).toEqual({ kills: 2, peakMb: 50 })
  rmSync(base, { recursive: true })
})
