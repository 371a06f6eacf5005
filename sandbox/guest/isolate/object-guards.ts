// Inside an isolate: the language's functions that look at an object's own properties or its prototype. Asked about a quick view they would tell of its
// makeup, not of the record; so the batch is evaluated again with views that are like plain objects.
/* oxlint-disable typescript/unbound-method -- methods are taken off their objects here on purpose; they are called through `apply` */
import { type Primordials } from './primordials.ts'
import { type Records } from './records.ts'

type Method = (this: unknown, ...values: unknown[]) => unknown

/** Puts a guard before each of them. */
export function guardRecords(
  { apply, defineProperty, getOwnPropertyDescriptor, toText, stringify, Object }: Primordials,
  { isQuickView, needPlain }: Pick<Records, 'isQuickView' | 'needPlain'>,
): void {
  const OF_OBJECT =
    'keys values entries hasOwn create getPrototypeOf setPrototypeOf getOwnPropertyNames getOwnPropertySymbols getOwnPropertyDescriptor ' +
    'getOwnPropertyDescriptors defineProperty defineProperties freeze seal preventExtensions isFrozen isSealed isExtensible'
  const OF_REFLECT =
    'ownKeys getOwnPropertyDescriptor getPrototypeOf setPrototypeOf isExtensible preventExtensions defineProperty deleteProperty'
  const OF_PROTOTYPE =
    'hasOwnProperty propertyIsEnumerable isPrototypeOf __lookupGetter__ __lookupSetter__ __defineGetter__ __defineSetter__'
  const replace = (holder: object, name: string, guarded: Method, original: Method): void => {
    defineProperty(guarded, 'name', { value: name })
    defineProperty(guarded, 'length', { value: original.length })
    defineProperty(holder, name, { value: guarded })
  }
  const guard = (holder: object, names: string, isMethod: boolean): void => {
    for (const name of names.split(' ')) {
      const original = (holder as Record<string, unknown>)[name] as Method
      const guarded = isMethod
        ? function (this: unknown, ...values: unknown[]): unknown {
            if (isQuickView(this)) needPlain()
            return apply(original, this, values)
          }
        : (...values: unknown[]): unknown => {
            // Also `setPrototypeOf(child, record)`, `defineProperties(object, record)`.
            if (isQuickView(values[0]) || isQuickView(values[1])) needPlain()
            return apply(original, undefined, values)
          }
      replace(holder, name, guarded, original)
    }
  }
  guard(Object, OF_OBJECT, false)
  guard(Reflect, OF_REFLECT, false)
  guard(Object.prototype, OF_PROTOTYPE, true)

  const proto = getOwnPropertyDescriptor(Object.prototype, '__proto__') as { get: Method; set: Method }
  defineProperty(Object.prototype, '__proto__', {
    get(this: unknown) {
      if (isQuickView(this)) needPlain()
      return apply(proto.get, this, [])
    },
    set(this: unknown, value: unknown) {
      if (isQuickView(this)) needPlain()
      apply(proto.set, this, [value])
    },
  })

  // 64-bit ids have no JSON of their own: they are decimal text, unless the author's own replacer decides.
  defineProperty(BigInt.prototype, 'toJSON', {
    value(this: bigint) {
      return toText(this)
    },
  })
  const stringifyAll = (value: unknown, replacer?: unknown, space?: unknown): unknown => {
    if (typeof replacer !== 'function') return apply(stringify, undefined, [value, replacer, space])
    const own = function (this: Record<string, unknown>, key: string, shown: unknown): unknown {
      const raw = this[key]
      const chosen: unknown = apply(replacer as Method, this, [key, typeof raw === 'bigint' ? raw : shown])
      return typeof chosen === 'bigint' ? toText(chosen) : chosen
    }
    return apply(stringify, undefined, [value, own, space])
  }
  replace(JSON, 'stringify', stringifyAll, stringify as Method)
}
