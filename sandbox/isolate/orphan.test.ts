// A worker that is killed: its hosts end with it, and the next start removes what it left behind.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import { openMemoryGroups } from '../machine/memory-group.ts'
import { openIsolateSandbox } from './open-isolate-sandbox.ts'

// Starting processes takes long on a busy machine; that must not decide a test.
vi.setConfig({ testTimeout: 60_000 })

test('hosts of a killed process end, and its directories and memory groups go at the next start', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-sandbox-'))
  const child = spawn(process.execPath, [join(import.meta.dirname, 'orphan.fixture.ts'), dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  const hosts = JSON.parse(said.toString()) as number[]
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  await expect.poll(() => hosts.filter(pid => existsSync(`/proc/${pid}`))).toEqual([])

  const groups = openMemoryGroups()
  const places = [dir, tmpdir(), '/dev/shm', ...('base' in groups ? [groups.base] : [])]
  const left = (): string[] =>
    places.flatMap(place => readdirSync(place)).filter(name => name.includes(`-${child.pid}-`))
  expect(left().length).toBeGreaterThan(0)
  const next = await openIsolateSandbox({ dir, logger: pino({ level: 'silent' }) })
  await next.close()
  expect(left()).toEqual([])
  expect(readdirSync(dir)).toEqual([])
  rmSync(dir, { recursive: true })
})
