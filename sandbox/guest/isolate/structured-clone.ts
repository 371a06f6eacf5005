// Inside an isolate: `structuredClone`, which is no part of the language itself but of every place where an author tries a filter.
/* oxlint-disable typescript/unbound-method -- methods are taken off their prototypes here on purpose; they are called through `apply` */
import { type Primordials } from './primordials.ts'

/** Called after the guards: a record is copied as the plain object that it is to its author. What is neither data nor a usual collection is refused. */
export function addClone({ apply, defineProperty, isArray, toText }: Primordials): void {
  const { keys } = Object
  const { get, set, forEach } = Map.prototype
  const { add, forEach: forEachOf } = Set.prototype
  const { slice } = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array
  const { isView } = ArrayBuffer
  const kindOf = Object.prototype.toString
  const refuse = (what: string): never => {
    const error = new Error(`${what} cannot be cloned`)
    defineProperty(error, 'name', { value: 'DataCloneError' })
    throw error
  }
  const copy = (value: unknown, seen: Map<object, object>): unknown => {
    if (typeof value === 'symbol' || typeof value === 'function') return refuse(`a ${typeof value}`)
    if (typeof value !== 'object' || value === null) return value
    const known = apply(get, seen, [value]) as object | undefined
    if (known !== undefined) return known
    const keep = <T extends object>(made: T): T => {
      apply(set, seen, [value, made])
      return made
    }
    const kind: string = apply(kindOf, value, [])
    if (isView(value) && kind !== '[object DataView]') return keep(apply(slice, value, []))
    if (kind === '[object Date]') return keep(new Date(value as Date))
    if (kind === '[object Error]') return keep(new Error(toText((value as Error).message)))
    if (kind === '[object Map]') {
      const made = keep(new Map())
      const add = (item: unknown, key: unknown): unknown => apply(set, made, [copy(key, seen), copy(item, seen)])
      apply(forEach, value as Map<unknown, unknown>, [add])
      return made
    }
    if (kind === '[object Set]') {
      const made = keep(new Set())
      apply(forEachOf, value as Set<unknown>, [(item: unknown): unknown => apply(add, made, [copy(item, seen)])])
      return made
    }
    if (kind !== '[object Object]' && !isArray(value)) return refuse(kind)
    const made: object = keep(isArray(value) ? [] : {})
    if (isArray(made)) made.length = (value as unknown[]).length
    const names = keys(value)
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string
      const own = copy((value as Record<string, unknown>)[name], seen)
      defineProperty(made, name, { value: own, writable: true, enumerable: true, configurable: true })
    }
    return made
  }
  const structuredClone = (value: unknown): unknown => copy(value, new Map())
  defineProperty(globalThis, 'structuredClone', {
    value: structuredClone,
    writable: true,
    enumerable: false,
    configurable: true,
  })
}
