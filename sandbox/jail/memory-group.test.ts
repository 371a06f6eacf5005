// A group bounds the memory of what is in it, says when the kernel ended something for it, and leaves nothing behind.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { openMemoryGroups } from './memory-group.ts'

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
