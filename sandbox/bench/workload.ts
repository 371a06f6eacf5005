// What the benches evaluate: records with 50 prior points each, and three kinds of filters over them.
import { type Batch, type ColumnSet } from '../columns/batch.ts'
import { batchOf } from '../conformance/batch-of.ts'
import { type Limits, type Program } from '../sandbox.ts'

export const POINTS = 50
const LIMITS: Limits = { batchMs: 20_000, memoryMb: 32, logChars: 1000, annotationChars: 4096 }

/** Fields a record has besides those that filters read, so that copying it whole costs what a survey's alert costs. */
const OTHER_FIELDS = Array.from({ length: 55 }, (_, i) => `field${i}`)
const OTHER_POINT_FIELDS = Array.from({ length: 20 }, (_, i) => `detail${i}`)

export interface Kind {
  readonly name: 'fieldTest' | 'lightCurve' | 'numeric'
  readonly reads: ColumnSet
  /** Body of `filter(alert)`. */
  readonly body: string
}

const SOURCE = ['flux', 'fluxErr', 'reliability'] as const
const number = (path: string) => ({ path, kind: 'number' }) as const
const history = (...columns: ColumnSet['columns']): ColumnSet => ({
  columns: [],
  lists: [{ path: 'history', columns }],
})
const BAND = { path: 'band', kind: 'string' } as const

export const KINDS: readonly Kind[] = [
  {
    name: 'fieldTest',
    reads: {
      columns: [...SOURCE.map(name => number(`source.${name}`)), { path: 'source.flagged', kind: 'boolean' }],
      lists: [],
    },
    body: 'const s = alert.source; return s.flux > 6 && s.reliability > 0.4 && s.flux / s.fluxErr > 5 && s.flagged !== true',
  },
  {
    name: 'lightCurve',
    reads: history(BAND, number('flux'), number('fluxErr')),
    body: `const points = alert.history; if (points === null) return false; let n = 0, sum = 0
  for (const p of points) { if (p.band === 'r' && p.flux !== null) { sum += p.flux / (p.fluxErr || 1); n++ } }
  return n > 4 && sum / n > 9`,
  },
  {
    name: 'numeric',
    reads: history(number('flux'), number('time')),
    body: `const points = alert.history; const t = [], y = []; for (const p of points) { t.push(p.time); y.push(p.flux) }
  let best = 0
  for (let f = 1; f <= 100; f++) { const w = f * 0.05; let c = 0, s = 0
    for (let i = 0; i < t.length; i++) { const a = w * t[i]; c += y[i] * Math.cos(a); s += y[i] * Math.sin(a) }
    const power = c * c + s * s; if (power > best) best = power }
  return best > 1e5`,
  },
]

export const moduleOf = ({ body }: Kind): string => `export function filter(alert) {\n  ${body}\n}\n`

/** `count` programs of one kind, each an isolate of its own. */
export const programsOf = (kind: Kind, count: number): Program[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `${kind.name}-${i}`,
    version: 1,
    runtime: 'isolate',
    source: moduleOf(kind),
    fileName: `${kind.name}.js`,
    reads: kind.reads,
    trust: 'system',
    limits: LIMITS,
  }))

const wave = (seed: number): number => 25 + 25 * Math.sin(seed * 12.9898)
const BANDS = ['u', 'g', 'r', 'i', 'z', 'y']

/** Whole records, as a decoder would make them. */
export const recordsOf = (rows: number): object[] =>
  Array.from({ length: rows }, (_, row) => ({
    source: {
      flux: wave(row),
      fluxErr: 1 + (row % 5),
      reliability: (row % 10) / 10,
      flagged: row % 7 === 0,
      ...Object.fromEntries(OTHER_FIELDS.map((name, i) => [name, wave(row + i)])),
    },
    history: Array.from({ length: POINTS }, (_, i) => ({
      band: BANDS[i % BANDS.length],
      flux: wave(row * POINTS + i),
      fluxErr: 1 + (i % 3),
      time: 60_000 + i * 1.7,
      ...Object.fromEntries(OTHER_POINT_FIELDS.map((name, k) => [name, wave(i + k)])),
    })),
  }))

const UNION: ColumnSet = {
  columns: KINDS[0]?.reads.columns ?? [],
  lists: [{ path: 'history', columns: [BAND, number('flux'), number('fluxErr'), number('time')] }],
}

/** A batch with the columns of all kinds. */
export const batchOfRows = (rows: number): Batch => batchOf({ set: UNION, records: recordsOf(rows) })
