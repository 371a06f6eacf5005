// A command that is done ends, whatever it has left open, and what it printed arrives whole.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'

// Starting processes takes long on a busy machine; that must not decide a test.
vi.setConfig({ testTimeout: 60_000 })

const run = promisify(execFile)
const script = (body: string): string[] => [
  '--input-type=module',
  '--eval',
  `import { endSoon } from ${JSON.stringify(join(import.meta.dirname, 'end-soon.ts'))}; ${body}`,
]

test('a command that has left something open ends with its code and all its output', async () => {
  const body = `setInterval(() => {}, 1000); process.stdout.write('x'.repeat(3_000_000)); process.exitCode = 3; endSoon(50)`
  const ended = run(process.execPath, script(body), { maxBuffer: 4_000_000, timeout: 50_000 })
  const error = (await ended.catch((error: unknown) => error)) as { code: number; stdout: string }
  expect(error.code).toBe(3)
  expect(error.stdout.length).toBe(3_000_000)
})

test('one that has left nothing open does not wait', async () => {
  const { stdout } = await run(process.execPath, script(`process.stdout.write('done'); endSoon(3_600_000)`), {
    timeout: 50_000,
  })
  expect(stdout).toBe('done')
})
