// In which order what a launcher keeps is stopped, by name. Pure.
import { isWorker } from './services/workers.ts'

/** The order of a stop: first who writes, then who carries, then what keeps. Each group has its own limit, 14 s in all. */
export const stopOrder = (
  names: readonly string[],
): readonly { readonly names: readonly string[]; readonly limitMs: number }[] => {
  const ending = (...suffixes: readonly string[]): readonly string[] =>
    names.filter(name => suffixes.some(suffix => name === suffix || name.endsWith(`-${suffix}`)))
  return [
    { names: [...ending('simulator', 'api', 'archiver'), ...names.filter(isWorker)], limitMs: 5000 },
    { names: names.filter(name => name === 'hub' || name.endsWith('-mirror')), limitMs: 4000 },
    { names: ending('broker', 'redis'), limitMs: 5000 },
  ]
}
