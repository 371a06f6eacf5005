// What a program reads after it wanted more. A record it keeps asking for new fields of is given whole, so that there is an end to evaluating again.
import { type ColumnSet } from './batch.ts'
import { columnNames, columnsNamed, type ProgramColumns } from './wanted-columns.ts'

/** Times that a record, or the items of a list, may be learned about; then all of its own columns come. */
const WHOLE_AFTER = 3
/** Tries of one batch; then everything that the program is offered comes. */
const MAX_TRIES = 6

/** The record a column belongs to: `diaSource` of `diaSource.band`, `history[]` of `history[].band`, the alert itself of `diaSource`. */
const recordOf = (name: string): string => {
  const dot = name.lastIndexOf('.')
  return dot < 0 ? '' : name.slice(0, dot)
}

/** The records around a column, which have to be there for it to be read. */
const around = (name: string): string[] =>
  name.split('.').flatMap((_, depth, names) => (depth === 0 ? [] : [names.slice(0, depth).join('.')]))

/** Columns and these besides, with the presence of the records around them; names that are not on offer are left out. */
export function widened(reads: ColumnSet, names: Iterable<string>, offers: ColumnSet): ColumnSet {
  const known = new Set(columnNames(offers))
  const more = [...names].flatMap(name => [...around(name), name]).filter(name => known.has(name))
  return columnsNamed([...columnNames(reads), ...more], offers) ?? reads
}

/** Follows one program. */
export class LearnedColumns {
  readonly #offers: ColumnSet
  readonly #names: readonly string[]
  /** Times something of a record was learned. */
  readonly #times = new Map<string, number>()
  #reads: ColumnSet

  constructor({ reads, offers = reads }: ProgramColumns) {
    this.#offers = offers
    this.#names = columnNames(offers)
    this.#reads = reads
  }

  get reads(): ColumnSet {
    return this.#reads
  }

  /** Takes in what a program wanted at a try (1, 2, …) of a batch. Gives the names of the columns that it reads from now on besides. */
  take(wants: ColumnSet, tries: number): string[] {
    const before = new Set(columnNames(this.#reads))
    const wanted = columnNames(wants).filter(name => !before.has(name))
    const isWhole = (record: string): boolean => (this.#times.get(record) ?? 0) >= WHOLE_AFTER
    for (const record of new Set(wanted.map(recordOf))) this.#times.set(record, (this.#times.get(record) ?? 0) + 1)
    const more = tries >= MAX_TRIES ? this.#names : this.#names.filter(name => isWhole(recordOf(name)))
    this.#reads = widened(this.#reads, [...wanted, ...more], this.#offers)
    return columnNames(this.#reads).filter(name => !before.has(name))
  }
}
