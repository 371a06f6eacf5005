// An isolate sandbox for tests: one host, in a directory of its own that goes with it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { type IsolateSandbox, openIsolateSandbox } from './open-isolate-sandbox.ts'
import { type IsolateSandboxOptions } from './options.ts'

export async function openTestIsolates(options: Partial<IsolateSandboxOptions> = {}): Promise<IsolateSandbox> {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-sandbox-'))
  const logger = pino({ level: 'silent' })
  const sandbox = await openIsolateSandbox({ dir, logger, defaults: { hosts: 1 }, ...options })
  const close = async (): Promise<void> => {
    await sandbox.close()
    rmSync(dir, { recursive: true, force: true })
  }
  return { ...sandbox, close }
}
