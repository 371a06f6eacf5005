import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { holdLock } from './held-lock.ts'

const lockFile = (): string => join(mkdtempSync(join(tmpdir(), 'skysieve-lock-')), 'lock')

test('a lock is refused while it is held and free again afterwards', async () => {
  const file = lockFile()
  const first = await holdLock(file, { wait: false })
  expect(first).toBeDefined()
  expect(await holdLock(file, { wait: false })).toBeUndefined()
  await first?.release()
  const second = await holdLock(file, { wait: false })
  expect(second).toBeDefined()
  await second?.release()
})

test('one that waits gets the lock when its holder releases it', async () => {
  const file = lockFile()
  const first = await holdLock(file, { wait: false })
  const second = holdLock(file, { wait: true })
  await first?.release()
  const held = await second
  expect(held).toBeDefined()
  await held?.release()
})

test('a lock is free again when its holder was killed', async () => {
  const file = lockFile()
  const module = join(import.meta.dirname, 'held-lock.ts')
  const script = `import { holdLock } from ${JSON.stringify(module)}
    await holdLock(${JSON.stringify(file)}, { wait: false }); console.log('held'); setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise(resolve => holder.stdout.once('data', resolve))
  expect(await holdLock(file, { wait: false })).toBeUndefined()
  holder.kill('SIGKILL')
  const taken = await holdLock(file, { wait: true })
  expect(taken).toBeDefined()
  await taken?.release()
})
