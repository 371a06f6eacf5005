// Hosts that end before they are used, and what a spare does while it stands by.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { writeHostProgram, type HostProgram } from '../image/isolate-host/host-program.ts'
import { nodeFlags } from '../jail/jail.ts'
import { openUnsafeJail } from '../jail/unsafe-jail.ts'
import { openRing, type Ring } from '../protocol/batch-ring.ts'
import { openHostPool } from './host-pool.ts'
import { type HostProcess, startHost } from './process/host-process.ts'

// Starting processes takes long on a busy machine; that must not decide a test.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const logger = pino({ level: 'silent' })
const jail = openUnsafeJail()
let dir: string
let ring: Ring
let files: HostProgram
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'skysieve-pool-'))
  ring = openRing(dir)
  files = writeHostProgram(dir)
})
afterAll(() => {
  ring.close()
  rmSync(dir, { recursive: true })
})

const start = (): HostProcess =>
  startHost({ jail, ring, dir, command: { files, nodeFlags: nodeFlags({ jit: false }), memoryMb: 500 } })

test('hosts that somebody kills while they start are replaced', async () => {
  let started = 0
  const killed = (): HostProcess => {
    const host = start()
    if (started++ < 3) process.kill(host.pid() ?? 0, 'SIGKILL')
    return host
  }
  const pool = openHostPool({ start: killed, spare: false, demand: () => new Map(), logger })
  const host = await pool.take()
  expect(started).toBe(4)
  expect(host.isUp()).toBe(true)
  await pool.close()
})

test('a spare makes the isolates that it would need, and no more', async () => {
  const pool = openHostPool({ start, spare: true, demand: () => new Map([[16, 12]]), logger })
  await pool.take()
  await expect.poll(() => pool.spare).toBeDefined()
  const { spare } = pool
  await spare?.ready
  const before = spare?.residentMb() ?? 0
  await expect.poll(() => (spare?.residentMb() ?? 0) - before, { timeout: 10_000 }).toBeGreaterThan(5)
  // A growth of 200 isolates would not stop here.
  await sleep(500)
  expect((spare?.residentMb() ?? 0) - before).toBeLessThan(100)
  await pool.close()
})
