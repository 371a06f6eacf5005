// What code that has broken out of V8 finds: arbitrary JavaScript in the host process, with isolates loaded, trying everything it should not be able to do.
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openBubblewrapJail } from './bubblewrap-jail.ts'
import { openEscapes, type ProbeRun } from './escape.fixture.ts'
import { type OnForbidden } from './seccomp-filter.ts'

// Starting processes takes long on a busy machine; that must not decide a test.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let escapes: Awaited<ReturnType<typeof openEscapes>>
beforeAll(async () => {
  escapes = await openEscapes()
})
afterAll(() => escapes?.close())

const runProbe = (onForbidden: OnForbidden, only = ''): Promise<ProbeRun> =>
  escapes.probe(openBubblewrapJail({ dir: mkdtempSync(join(escapes.dir, 'jail-')), onForbidden }), only)

test('a broken host reads, writes, connects, starts, signals and traces nothing', async () => {
  const { said, code } = await runProbe('errno')
  expect({ code, said }).toMatchObject({ code: 0 })
  const found = JSON.parse(said) as Record<string, string>
  const reached = Object.entries(found).filter(([, outcome]) => !outcome.startsWith('refused'))
  expect(reached).toEqual([['isolates', 'work']])
  expect(Object.keys(found).length).toBeGreaterThan(25)
  expect(escapes.connections()).toBe(0)
})

test.each(['connect', 'spawn', 'signal parent', 'change mode of ring', 'become root'])(
  'in kill mode, to %s ends it at once',
  async act => {
    const { code } = await runProbe('kill', act)
    expect(code).toBe(128 + 31)
  },
)

test('in kill mode, what a host needs is allowed', async () => {
  const { said, code } = await runProbe('kill', 'isolates')
  expect({ code, said }).toMatchObject({ code: 0 })
  expect(JSON.parse(said)).toEqual({ isolates: 'work' })
})
