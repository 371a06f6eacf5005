// Cost of Python filters in containers: CPU time per record and filter, wall time, and from nothing to a first verdict.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { type ContainerSandbox, openContainerSandbox } from '../container/open-container-sandbox.ts'
import { type EngineAddress } from '../engine/docker-engine.ts'
import { type Program } from '../sandbox.ts'
import { median } from './figures.ts'
import { batchOfRows, KINDS, programsOf } from './workload.ts'

const ROUND_MS = 1500
const BATCH_ROWS = 256

/** The light-curve filter of the isolates over NumPy columns and as plain Python. */
const NUMPY = `import numpy as np
class LightCurve(AlertFilter):
    def filter_batch(self, alerts):
        points = alerts.history
        taken = (points.band == "r") & ~points.null("flux")
        error = points.fluxErr
        ratio = np.where(taken, points.flux / np.where(error == 0, 1, error), 0)
        n = np.bincount(points.alert, weights=taken, minlength=len(alerts))
        return (n > 4) & (np.bincount(points.alert, weights=ratio, minlength=len(alerts)) > 9 * n)
`
const PLAIN = `class LightCurve(AlertFilter):
    def filter(self, alert):
        if alert.history is None:
            return False
        n = total = 0
        for point in alert.history:
            if point.band == "r" and point.flux is not None:
                total += point.flux / (point.fluxErr or 1)
                n += 1
        return n > 4 and total / n > 9
`
const FIELDS = `class Fields(AlertFilter):
    def filter(self, alert):
        s = alert.source
        return s.flux > 6 and s.reliability > 0.4 and s.flux / s.fluxErr > 5 and s.flagged is not True
`

export interface ContainerCost {
  readonly cpuUs: number
  readonly wallUs: number
}

async function costOf(
  sandbox: ContainerSandbox,
  kind: 'fieldTest' | 'lightCurve',
  source: string,
): Promise<ContainerCost> {
  const program = programOf(kind, source)
  const outcome = await sandbox.load(program)
  if (!outcome.ok) throw new Error(`a filter of the bench could not be loaded: ${JSON.stringify(outcome)}`)
  const batch = batchOfRows(BATCH_ROWS)
  for (let i = 0; i < 3; i++) await sandbox.evaluate(batch, [program.id])
  const walls: number[] = []
  let cpuMs = 0
  const start = performance.now()
  while (performance.now() - start < ROUND_MS) {
    const before = performance.now()
    const [verdicts] = await sandbox.evaluate(batch, [program.id])
    walls.push(performance.now() - before)
    cpuMs += verdicts?.cpuMs ?? NaN
  }
  await sandbox.unload(program.id)
  return { cpuUs: (cpuMs * 1000) / walls.length / BATCH_ROWS, wallUs: (median(walls) * 1000) / BATCH_ROWS }
}

function programOf(kind: 'fieldTest' | 'lightCurve', source: string): Program {
  const [like] = programsOf(KINDS[kind === 'fieldTest' ? 0 : 1] as (typeof KINDS)[number], 1) as [Program]
  return { ...like, runtime: 'container', source, fileName: `${kind}.py` }
}

async function firstVerdictMs(sandbox: ContainerSandbox): Promise<number> {
  const program = programOf('fieldTest', FIELDS)
  const batch = batchOfRows(1)
  const start = performance.now()
  await sandbox.load(program)
  await sandbox.evaluate(batch, [program.id])
  const tookMs = performance.now() - start
  await sandbox.unload(program.id)
  return tookMs
}

/** All figures, on the engine at `engine`; throws SANDBOX_ENGINE_UNREACHABLE. Times are CPU time of the container unless they say wall. */
export async function containerCosts(engine: EngineAddress) {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-bench-'))
  const imageCache = join(import.meta.dirname, '../../.cache')
  const sandbox = await openContainerSandbox({
    engine,
    dir,
    label: `bench-${process.pid}`,
    logger: pino({ level: 'error' }),
    imageCache,
  })
  try {
    const numpy = await costOf(sandbox, 'lightCurve', NUMPY)
    const plain = await costOf(sandbox, 'lightCurve', PLAIN)
    const fields = await costOf(sandbox, 'fieldTest', FIELDS)
    const starts: number[] = []
    for (let i = 0; i < 7; i++) starts.push(await firstVerdictMs(sandbox))
    return { numpy, plain, fields, firstVerdictMs: median(starts) }
  } finally {
    await sandbox.close()
    rmSync(dir, { recursive: true, force: true })
  }
}
