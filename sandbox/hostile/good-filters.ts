// The good filters beside a hostile one, and the records all of them see.
import { type Batch, type ColumnSet } from '../columns/batch.ts'
import { batchOf } from '../conformance/batch-of.ts'
import { type Limits, type Program } from '../sandbox.ts'

const HOSTILE_LIMITS: Limits = { batchMs: 200, memoryMb: 32, logChars: 4000, annotationChars: 4096 }

const READS: ColumnSet = {
  columns: [
    { path: 'source.flux', kind: 'number' },
    { path: 'source.fluxErr', kind: 'number' },
    { path: 'source.band', kind: 'string' },
    { path: 'source.id', kind: 'long' },
  ],
  lists: [
    {
      path: 'history',
      columns: [
        { path: 'flux', kind: 'number' },
        { path: 'fluxErr', kind: 'number' },
        { path: 'band', kind: 'string' },
      ],
    },
  ],
}

/** A third looks at fields, a third at the history, a third at both. */
const KINDS = [
  (i: number) => `const s = alert.source; return s.flux / s.fluxErr > ${i % 20} && s.band !== 'u'`,
  (i: number) =>
    `let n = 0, sum = 0; for (const p of alert.history ?? []) if (p.band === '${'ugrizy'[i % 6] ?? 'r'}' && p.flux !== null) { sum += p.flux / p.fluxErr; n++ } return n > 1 && sum / n > ${i % 9}`,
  (i: number) =>
    `if (alert.source.flux < ${i % 30}) return false; let up = 0, last = -1e30; for (const p of alert.history ?? []) { if (p.flux > last) up++; last = p.flux } return up > ${2 + (i % 4)}`,
]

/** Program of the same columns and limits as its neighbours'. */
export const javascriptFilter = (id: string, source: string): Program => ({
  id,
  version: 1,
  runtime: 'isolate',
  source,
  fileName: `${id}.js`,
  reads: READS,
  trust: 'new',
  limits: HOSTILE_LIMITS,
})

/** `count` well-behaved filters. */
export const goodFilters = (count: number): Program[] =>
  Array.from({ length: count }, (_, i) => {
    const body = KINDS[i % KINDS.length]?.(i) ?? ''
    return javascriptFilter(`good-${i}`, `export function filter(alert) { ${body} }`)
  })

const wave = (seed: number): number => 25 + 25 * Math.sin(seed * 12.9898)

/** The same for Python. */
export const pythonFilter = (id: string, source: string): Program => ({
  ...javascriptFilter(id, source),
  runtime: 'container',
  fileName: `${id}.py`,
})

/** Well-behaved Python filters: alert by alert, and with NumPy. */
export const goodPythonFilters = (): Program[] =>
  [
    'def filter(alert):\n    s = alert.source\n    return s.flux / s.fluxErr > 7 and s.band != "u"\n',
    'class Rising(AlertFilter):\n    def filter(self, alert):\n        flux = [p.flux or 0 for p in alert.history or []]\n        return sum(b > a for a, b in zip(flux, flux[1:])) > 3\n',
    'class Bright(AlertFilter):\n    def filter_batch(self, alerts):\n        return alerts.source.flux > 20\n',
  ].map((source, i) => pythonFilter(`good-python-${i}`, source))

/** Records with some history, the same on every machine. */
export function neighbourBatch(rows = 64): Batch {
  const bands = ['u', 'g', 'r', 'i', 'z', 'y']
  const records = Array.from({ length: rows }, (_, row) => ({
    source: { flux: wave(row), fluxErr: 1 + (row % 5), band: bands[row % 6], id: BigInt(row) + 2n ** 58n },
    history:
      row % 4 === 0
        ? null
        : Array.from({ length: row % 30 }, (_, i) => ({
            flux: i % 7 === 3 ? null : wave(row * 31 + i),
            fluxErr: 1 + (i % 3),
            band: bands[i % 6],
          })),
  }))
  return batchOf({ set: READS, records })
}
