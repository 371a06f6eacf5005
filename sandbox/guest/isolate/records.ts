// Inside an isolate: what all views of records have in common. A field whose value is not carried is noted when it is reached, and the row ends there: its
// batch is evaluated again with it. Reading by name is all that the quick views can do; a filter that looks at records in other ways (spread, keys, delete)
// is evaluated again with views that are like plain objects in everything, and slower.
import { type Log } from './log.ts'
import { type Primordials } from './primordials.ts'

export interface RecordsOptions {
  /** Index of the word of flags; behind it a bit for each value that is not carried. */
  readonly rerunWord: number
  /** Whether views are like plain objects in everything. */
  readonly plain: boolean
  /** Bits of the word of flags. */
  readonly flags: { readonly values: number; readonly plain: number }
}

/** What a generated class is closed with; see view-source.ts. */
interface RecordClass {
  readonly where: string
  /** Names whose values are carried. */
  readonly carried: readonly string[]
  /** All names in the order of the schema, as in record-tree.ts. */
  readonly names: string
  /** Whether some of them are not carried. */
  readonly lacks: boolean
  /** What JSON is made of. */
  readonly toJSON: () => object | null
}

/** The names of a class, taken apart when first needed. */
interface Names {
  readonly all: string[]
  /** −1 for one that is always there; nothing for one that no schema has. */
  readonly numbers: Readonly<Record<string, number>>
  /** Of all of them, as runs. */
  readonly runs: readonly number[]
}

export function openRecords(
  primordials: Primordials,
  { words, log, state }: { words: Uint32Array; log: Pick<Log, 'write'>; state: { readonly row: number } },
  { rerunWord, plain, flags }: RecordsOptions,
) {
  const {
    defineProperty,
    freeze,
    hasOwn,
    reflectGet,
    setPrototypeOf,
    sliceArray,
    split,
    apply,
    Proxy,
    TypeError,
    Object,
  } = primordials
  const MAX_UNKNOWN = 20
  const MAX_ENDS = 16
  // Thrown through the author's code to end the row; what was noted decides, whether it is caught or not.
  const again = freeze(new Error('the alert is evaluated once more, with a field that was not read before'))
  const flag = (bits: number): void => {
    words[rerunWord] = (words[rerunWord] as number) | bits
  }
  // A filter that catches it and tries again goes on without the value after a while.
  let row = -1
  let ends = 0
  const endRow = (): void => {
    if (row !== state.row) {
      row = state.row
      ends = 0
    }
    if (++ends <= MAX_ENDS) throw again
  }
  /** Notes values by runs of their numbers. */
  const reachAll = (runs: readonly number[]): null => {
    flag(flags.values)
    for (let i = 0; i < runs.length; i += 2)
      for (let number = runs[i] as number; number < (runs[i + 1] as number); number++) {
        const at = rerunWord + 1 + (number >>> 5)
        words[at] = (words[at] as number) | (1 << (number & 31))
      }
    endRow()
    return null
  }
  /** A record is looked at in a way that only plain objects allow. */
  const needPlain = (): void => {
    flag(flags.plain)
    endRow()
  }
  const change = (): never => {
    throw new TypeError('an alert cannot be changed; change a copy of the record: { ...record }')
  }

  const stale = (): never => {
    throw new TypeError('this alert belongs to a batch that is over: keep values between calls, not alerts')
  }

  // Spread, rest and Object.assign copy what is enumerable, symbols too, and get at this one.
  const quickMark = Symbol('record')
  const quickMarked = { __proto__: null, get: needPlain, enumerable: true }
  const isQuickView = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && hasOwn(value, quickMark)

  let unknown = 0
  const told = { __proto__: null } as unknown as Record<string, boolean>
  /** Names of the language's own protocols are no fields that an author could mean. */
  const tellUnknown = (where: string, name: string): void => {
    const text = `${where} has no field ${name}: it is null`
    if (name === 'toJSON' || name === 'then' || unknown >= MAX_UNKNOWN || told[text] === true) return
    unknown++
    told[text] = true
    log.write(text)
  }

  const namesOf = (text: string): (() => Names) => {
    let names: Names | undefined
    return () => {
      if (names !== undefined) return names
      const parts = text === '' ? [] : apply(split, text, [' '])
      const numbers = { __proto__: null } as unknown as Record<string, number>
      const runs: number[] = []
      for (let i = 0; i < parts.length; i++) {
        const [name, number] = apply(split, parts[i] as string, [':']) as unknown as [string, string?]
        parts[i] = name
        numbers[name] = number === undefined ? -1 : +number
        if (number === undefined) continue
        runs[runs.length] = +number
        runs[runs.length] = +number + 1
      }
      return (names = { all: parts, numbers, runs })
    }
  }

  /** Stands behind the getters of a class: for names that are not carried, for those that no schema has, and for every attempt to write. */
  const behind = (where: string, names: () => Names): object =>
    new Proxy({}, {
      __proto__: null,
      get(target: object, name: string | symbol, receiver: unknown): unknown {
        if (typeof name === 'string') {
          const number = names().numbers[name]
          if (number !== undefined) return reachAll([number, number + 1])
          if (!(name in target)) {
            tellUnknown(where, name)
            return null
          }
        }
        return reflectGet(target, name, receiver)
      },
      has: (target: object, name: string | symbol): boolean =>
        name in target || (typeof name === 'string' && names().numbers[name] !== undefined),
      set: change,
      // for … in
      ownKeys(): string[] {
        needPlain()
        return []
      },
    } as ProxyHandler<object>)

  /** Like a plain object in everything, except that it cannot be changed. */
  const handlerOf = (names: () => Names, lacks: boolean): ProxyHandler<object> => {
    const isKnown = (name: string | symbol): boolean => typeof name === 'string' && names().numbers[name] !== undefined
    return {
      __proto__: null,
      get: (view: Record<string | symbol, unknown>, name: string | symbol): unknown =>
        name === '__proto__' && !isKnown(name) ? Object.prototype : view[name],
      ownKeys(): string[] {
        const { all, runs } = names()
        if (lacks) reachAll(runs)
        return apply(sliceArray, all, [])
      },
      getOwnPropertyDescriptor: (view: Record<string | symbol, unknown>, name: string | symbol) =>
        isKnown(name) ? { value: view[name], writable: true, enumerable: true, configurable: true } : undefined,
      getPrototypeOf: (): object => Object.prototype,
      // On what inherits from it, as from Object.create(record), as the language says; on itself that is the next trap.
      set: (_view: object, name: string | symbol, value: unknown, receiver: object): boolean =>
        defineProperty(receiver, name, { value, writable: true, enumerable: true, configurable: true }),
      defineProperty: change,
      deleteProperty: change,
      setPrototypeOf: change,
      preventExtensions: change,
    } as unknown as ProxyHandler<object>
  }

  return {
    reachAll,
    needPlain,
    stale,
    isQuickView,
    mark: plain ? (): void => undefined : (view: object): void => void defineProperty(view, quickMark, quickMarked),
    wrap: plain
      ? (view: object, handler: ProxyHandler<object>): object => new Proxy(view, handler)
      : (view: object): object => view,
    /** Finishes a class of views and gives the handler of their plain form. */
    close({ prototype }: { readonly prototype: object }, { where, carried, names: text, lacks, toJSON }: RecordClass) {
      const names = namesOf(text)
      let ownConstructor = false
      for (let i = 0; i < carried.length; i++) {
        if (carried[i] === 'constructor') ownConstructor = true
        defineProperty(prototype, carried[i] as string, { set: change })
      }
      if (!ownConstructor) defineProperty(prototype, 'constructor', { value: Object })
      if (!plain) defineProperty(prototype, 'toJSON', { value: toJSON })
      setPrototypeOf(prototype, behind(where, names))
      freeze(prototype)
      return plain ? handlerOf(names, lacks) : undefined
    },
  }
}

export type Records = ReturnType<typeof openRecords>
