// The filters of the benches: field tests, light curves and a mixture in equal parts, each with thresholds of its own, passing a few per cent.
import { type Manifest } from '../../manifest.ts'

const KINDS: readonly ((i: number) => string)[] = [
  i => `const s = alert.diaSource
  return s.snr > ${6 + (i % 9) * 0.8} && s.reliability > ${0.4 + (i % 7) * 0.07} && s.psfFlux / s.psfFluxErr > ${5 + (i % 6)} && s.isDipole !== true`,
  i => `const prior = alert.prvDiaSources
  if (prior === null) return false
  let n = 0, sum = 0
  for (const p of prior) if (p.band === '${'ugrizy'[i % 6]}' && p.psfFlux !== null) { sum += p.psfFlux / (p.psfFluxErr || 1); n++ }
  return n > ${4 + (i % 5)} && sum / n > ${9 + (i % 4)}`,
  i => `const s = alert.diaSource
  if (!(s.snr > ${17 + (i % 5)} && s.reliability > 0.1)) return false
  const prior = alert.prvDiaSources
  if (prior === null) return s.snr > 30
  let up = 0, last = -1e30
  for (const p of prior) { if (p.psfFlux === null) continue; if (p.psfFlux > last) up++; last = p.psfFlux }
  return up > ${22 + (i % 5)} && s.band !== 'u'`,
]

/** Source of the filter with that number. */
export const benchSource = (i: number): string =>
  `export function filter(alert) {\n  ${KINDS[i % KINDS.length]?.(i)}\n}\n`

export const MIRROR = 'bench'

export interface BenchFilter {
  readonly id: string
  readonly source: string
  /** JavaScript where absent. */
  readonly language?: 'javascript' | 'python'
}

/** `count` filters whose ids begin with `prefix` (a letter and digits). */
export const benchFilters = (count: number, prefix: string): BenchFilter[] =>
  Array.from({ length: count }, (_, i) => ({ id: `${prefix}x${String(i).padStart(4, '0')}`, source: benchSource(i) }))

/** The same in Python, of the first kind; they begin when they are put. */
export const pythonFilters = (count: number, prefix: string): BenchFilter[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `${prefix}p${String(i).padStart(4, '0')}`,
    language: 'python',
    source: `class Bench(AlertFilter):
    def filter(self, alert):
        s = alert["diaSource"]
        if s["snr"] is None or s["reliability"] is None:
            return False
        return s["snr"] > ${6 + (i % 9) * 0.8} and s["reliability"] > ${0.4 + (i % 7) * 0.07} and s["psfFlux"] / s["psfFluxErr"] > ${5 + (i % 6)} and s["isDipole"] is not True
`,
  }))

/** The shard of filter number `i`: dealt out in turn. */
export const shardOf = (i: number, shards: number): number => i % shards

/** Their manifests, as the API would have written them. */
export const benchManifests = (
  filters: readonly BenchFilter[],
  stream: string,
  shards: number,
  policy: Manifest['policy'] = 'first',
): Manifest[] =>
  filters.map(({ id, source, language = 'javascript' }, i) => ({
    id,
    name: `bench ${id}`,
    owner: 'bench',
    description: '',
    stream,
    cap: 20,
    policy,
    start: 'now',
    cutouts: false,
    versions: [{ number: 1, language, source, sha256: '', createdAt: '2026-01-01T00:00:00Z' }],
    active: 1,
    state: language === 'python' ? 'paused' : 'active',
    problems: [],
    placement: { mirror: MIRROR, shard: shardOf(i, shards) },
    generation: 1,
    trust: 'known',
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
  }))
