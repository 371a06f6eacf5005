// The sandbox of `skysieve filter test`: the production one, with one host, in a directory that goes with it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { openIsolateSandbox, type Sandbox } from '#sandbox'

/** Opens it; warnings go to stderr. */
export async function openDeskSandbox(): Promise<Sandbox> {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-desk-'))
  const remove = (): void => rmSync(dir, { recursive: true, force: true })
  try {
    const logger = pino({ level: 'error' }, pino.destination(2))
    const sandbox = await openIsolateSandbox({ dir, logger, defaults: { hosts: 1 } })
    return {
      load: program => sandbox.load(program),
      unload: filter => sandbox.unload(filter),
      evaluate: (batch, filters) => sandbox.evaluate(batch, filters),
      posture: () => sandbox.posture(),
      close: () => sandbox.close().finally(remove),
    }
  } catch (error) {
    remove()
    throw error
  }
}
