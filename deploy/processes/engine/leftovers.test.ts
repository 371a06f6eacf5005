import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { endLeftovers } from './leftovers.ts'

test('helpers of the engine in a directory are ended, those of another engine and other programs are not', async () => {
  const base = mkdtempSync(join(tmpdir(), 'skysieve-left-'))
  const [dir, other] = [join(base, 'engine'), join(base, 'other')]
  mkdirSync(join(dir, 'exec'), { recursive: true })
  writeFileSync(join(dir, 'docker.pid'), '1')
  // The shell's own name is what counts: a copy of it under the helper's name.
  const helper = join(base, 'containerd-shim')
  copyFileSync('/bin/sh', helper)
  const start = (program: string, place: string) =>
    spawn(program, ['-c', 'sleep 60 & wait', 'sh', `${place}/exec/containerd.sock`], {
      stdio: 'ignore',
      detached: true,
    })
  const ours = start(helper, dir)
  const bystanders = [start(helper, other), start('/bin/sh', dir)]
  await Promise.all([ours, ...bystanders].map(child => once(child, 'spawn')))
  const ended = once(ours, 'exit')
  await endLeftovers(dir)
  expect(await ended).toEqual([null, 'SIGKILL'])
  expect(existsSync(join(dir, 'exec'))).toBe(false)
  expect(existsSync(join(dir, 'docker.pid'))).toBe(false)
  for (const child of bystanders) expect(child.exitCode ?? child.signalCode).toBeNull()
  for (const { pid = 0 } of [ours, ...bystanders]) process.kill(-pid, 'SIGKILL')
})
