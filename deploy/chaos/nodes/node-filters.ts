// The filters of a run of nodes: many of a few kinds, which ../audit/chaos_rules.py knows by the name before the number.
import { type Submission } from '#filters'

export type NodeFilter = Pick<Submission, 'name' | 'source' | 'language'> & Required<Pick<Submission, 'cap' | 'policy'>>

const id = 'alert.diaSource.diaSourceId'

/** Small caps: a hundred of them deliver about 25 MB of a visit. */
const KINDS: readonly Omit<NodeFilter, 'language'>[] = [
  { name: 'every-tenth', source: `export const filter = alert => ${id} % 10n === 0n`, cap: 3, policy: 'first' },
  { name: 'first-only', source: 'export const filter = alert => alert.diaSource.visit > 0n', cap: 1, policy: 'first' },
  {
    name: 'thrower',
    source: `export const filter = alert => {\n  if (${id} % 3n === 0n) throw new Error('not this one')\n  return ${id} % 5n === 1n\n}`,
    cap: 4,
    policy: 'first',
  },
  { name: 'ties', source: `export const filter = alert => 1 + Number(${id} % 7n)`, cap: 2, policy: 'best' },
  { name: 'every-tenth', source: `export const filter = alert => ${id} % 10n === 0n`, cap: 5, policy: 'first' },
]

export const nodeFilters = (count: number): readonly NodeFilter[] =>
  Array.from({ length: count }, (_, at) => {
    const kind = KINDS[at % KINDS.length] ?? { name: '', source: '', cap: 1, policy: 'first' as const }
    return { ...kind, language: 'javascript', name: `${kind.name}-${at + 1}` }
  })
