// The filters of the chain bench. How soon they fill their caps decides how much wants to leave in a visit's first second.
import { benchSource } from '#filters'

/**
 * `greedy`: the engine bench's, most of which pass several per cent, so that nearly all fill their cap within a visit's first seconds; the worst case.
 * `spread`: from 0.05 % to 30 %, evenly on a logarithmic scale, as selectivities of real filters differ.
 */
export type PassRates = 'greedy' | 'spread'

const LEAST = 0.0005
const MOST = 0.3
/** Of a detector: `x` of the synthetic survey is even over them. */
const PIXELS = 4000
const GOLDEN = 0.618

/** What the engine bench's kinds read and compute for every alert; all alerts get through. */
const KINDS: readonly string[] = [
  `const ok = s.snr > -1 && s.reliability > -1 && s.psfFlux / (s.psfFluxErr || 1) > -1e9 && s.isDipole !== undefined`,
  `let n = 0, sum = 0
  for (const p of alert.prvDiaSources ?? []) if (p.band === 'r' && p.psfFlux !== null) { sum += p.psfFlux / (p.psfFluxErr || 1); n++ }
  const ok = n === 0 || sum / n > -1e9`,
  `let up = 0, last = -1e30
  if (s.snr > 17) for (const p of alert.prvDiaSources ?? []) { if (p.psfFlux === null) continue; if (p.psfFlux > last) up++; last = p.psfFlux }
  const ok = up >= 0 && s.band !== ''`,
]

/** Share of the alerts that filter number `i` of `count` passes. */
export const shareOf = (i: number, count: number): number => LEAST * (MOST / LEAST) ** (count < 2 ? 1 : i / (count - 1))

/** Sources of that many filters. */
export const chainSources = (count: number, rates: PassRates): readonly string[] =>
  Array.from({ length: count }, (_, i) =>
    rates === 'greedy'
      ? benchSource(i)
      : `export function filter(alert) {
  const s = alert.diaSource
  ${KINDS[i % KINDS.length] ?? ''}
  return ok && (s.x / ${PIXELS} + ${((i * GOLDEN) % 1).toFixed(4)}) % 1 < ${shareOf(i, count).toFixed(6)}
}
`,
  )
