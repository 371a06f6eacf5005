// Reading of the archive over HTTP, for the archive bench: api/bench/reading.ts in a process of its own, as `npm run bench -- reading` runs it.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../paths.ts'

const run = promisify(execFile)

/** Milliseconds; `limitMs` and `unchangedMs` are beyond what /v1/health takes. */
export interface ArchiveReading {
  readonly readP50Ms: number
  readonly readP99Ms: number
  readonly readers50P50Ms: number
  readonly readers50P99Ms: number
  readonly readers50PerSecond: number
  readonly healthMs: number
  readonly limitMs: number
  readonly unchangedMs: number
}

/** Takes about four times `seconds`. */
export async function measureArchiveReading({
  seconds,
  alerts,
}: {
  readonly seconds: number
  readonly alerts: number
}) {
  const options = ['--seconds', String(seconds), '--alerts', String(alerts)]
  const { stdout } = await run(process.execPath, [join(ROOT, 'api/bench/reading.ts'), ...options])
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ArchiveReading
}
