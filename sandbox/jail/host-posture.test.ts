// The proof from outside: a confined host has no differences, a plain process has many, and each is said.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import { goodFilters, neighbourBatch } from '../hostile/good-filters.ts'
import { writeHostProgram } from '../image/isolate-host/host-program.ts'
import { openHostPool } from '../isolate/host-pool.ts'
import { openIsolateSandbox } from '../isolate/open-isolate-sandbox.ts'
import { startHost } from '../isolate/process/host-process.ts'
import { openRing } from '../protocol/batch-ring.ts'
import { postureDifferences } from './host-posture.ts'
import { nodeFlags } from './jail.ts'
import { openUnsafeJail } from './unsafe-jail.ts'

// Starting processes takes long on a busy machine; that must not decide a test.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const logger = pino({ level: 'silent' })

test('hosts are confined, also after they ran filters', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-posture-'))
  const sandbox = await openIsolateSandbox({ dir, logger })
  const good = goodFilters(12)
  for (const program of good) await sandbox.load(program)
  await sandbox.evaluate(
    neighbourBatch(64),
    good.map(({ id }) => id),
  )
  expect(await sandbox.posture()).toMatchObject({ ok: true, kind: 'bubblewrap' })
  await sandbox.close()
  rmSync(dir, { recursive: true })
})

test('a plain process differs in user, capabilities, system calls, namespaces, mounts and environment', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log("ready")'], {
    env: { SECRET: 'x' },
  })
  await once(child.stdout, 'data')
  const differences = postureDifferences(child.pid ?? 0, { uid: 65_534, gid: 65_534, environment: ['TZ'] })
  child.kill('SIGKILL')
  for (const part of [
    /^Uid is /,
    /^NoNewPrivs is 0/,
    /^Seccomp is 0/,
    /shares the net namespace/,
    /shares the pid namespace/,
    /mounted writable/,
    /variable SECRET/,
  ])
    expect(differences).toContainEqual(expect.stringMatching(part))
})

test('a process that is gone differs', () => {
  expect(postureDifferences(2 ** 22 + 1, { uid: 0, gid: 0, environment: [] })).toEqual([
    expect.stringMatching(/cannot be read/),
  ])
})

test('a host that differs gets no filter', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-posture-'))
  const [jail, ring] = [openUnsafeJail(), openRing(dir)]
  const strange = { differences: () => Promise.resolve(['it can see the moon']) }
  const command = { files: writeHostProgram(dir), nodeFlags: nodeFlags({ jit: false }), memoryMb: 500 }
  const start = () => ({ ...startHost({ jail, ring, dir, command }), ...strange })
  const pool = openHostPool({ start, spare: false, demand: () => new Map(), logger })
  await expect(pool.take()).rejects.toMatchObject({
    code: 'SANDBOX_POSTURE',
    message: expect.stringContaining('the moon') as string,
  })
  await pool.close()
  ring.close()
  rmSync(dir, { recursive: true })
})

test('an unsafe sandbox works, and says that it is unsafe', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-posture-'))
  const sandbox = await openIsolateSandbox({ dir, logger, host: 'unsafe', defaults: { hosts: 1 } })
  const [program] = goodFilters(1)
  expect(program && (await sandbox.load(program))).toMatchObject({ ok: true })
  expect(await sandbox.posture()).toMatchObject({
    kind: 'unsafe',
    differences: [expect.stringMatching(/development only/)],
  })
  await sandbox.close()
  rmSync(dir, { recursive: true })
})

test('where bubblewrap is missing, opening says how to get it', async () => {
  const { PATH } = process.env
  process.env['PATH'] = '/nowhere'
  const opening = openIsolateSandbox({ dir: tmpdir(), logger })
  process.env['PATH'] = PATH
  await expect(opening).rejects.toMatchObject({
    code: 'SANDBOX_UNAVAILABLE',
    message: expect.stringContaining('apt-get install') as string,
  })
})
