// What a filter costs its node: CPU as measured where it runs, memory by its language. Pure.
import { type Language, type Manifest } from '#filters'
import { type FilterStatus } from '../control/status-records.ts'

export interface FilterCost {
  /** Of one core, while a visit after the other comes. */
  readonly cores: number
  readonly memoryBytes: number
}

/** What is to be placed. */
export interface Placeable {
  readonly language: Language
  /** That its node must have. */
  readonly labels: Readonly<Record<string, string>>
  readonly cost: FilterCost
}

/** DMTN-093: about 10,000 alerts a visit, a visit every 37 s. */
const ALERTS_PER_SECOND = 10_000 / 37
/** Of fewer alerts the time says little: loading and compiling are in it. */
const ENOUGH_ALERTS = 1000
/** CPU an alert of a filter that was not measured yet: a usual one's (filters/bench). */
const USUAL_MS: Readonly<Record<Language, number>> = { javascript: 0.005, typescript: 0.005, python: 0.1 }
/** More than limits of time let a filter use. */
const MAX_MS = 100
const MEMORY_BYTES: Readonly<Record<Language, number>> = {
  javascript: 5_000_000,
  typescript: 5_000_000,
  python: 200_000_000,
}

/** The language of the version that runs. */
const languageOf = ({ versions, active }: Pick<Manifest, 'versions' | 'active'>): Language =>
  versions.find(({ number }) => number === active)?.language ?? 'javascript'

/** By its node's report; of a filter that has just moved by what its former node measured. */
export function costOf(
  manifest: Pick<Manifest, 'versions' | 'active' | 'handover'>,
  status: Pick<FilterStatus, 'cpuMs' | 'cpuAlerts'> | undefined,
): FilterCost {
  const language = languageOf(manifest)
  const { cpuMs = 0, cpuAlerts = 0 } = status ?? {}
  const known = [{ ms: cpuMs, alerts: cpuAlerts }, manifest.handover?.cpu].find(
    cpu => cpu !== undefined && cpu.alerts >= ENOUGH_ALERTS,
  )
  const measuredMs = known === undefined ? USUAL_MS[language] : Math.min(MAX_MS, Math.max(0, known.ms) / known.alerts)
  return { cores: (measuredMs / 1000) * ALERTS_PER_SECOND, memoryBytes: MEMORY_BYTES[language] }
}

/** A filter as it is to be placed. */
export const wantedOf = (
  manifest: Pick<Manifest, 'versions' | 'active' | 'labels' | 'handover'>,
  status: Pick<FilterStatus, 'cpuMs' | 'cpuAlerts'> | undefined,
): Placeable => ({
  language: languageOf(manifest),
  labels: manifest.labels ?? {},
  cost: costOf(manifest, status),
})
