// Inside an isolate, before the author's code: what could outlive a call, allocate past the limit, tell the time or differ between machines is taken away.
/* oxlint-disable typescript/unbound-method -- methods are taken off their prototypes here on purpose; they are called through `apply` */
import { type Log } from './log.ts'
import { type Primordials } from './primordials.ts'

/** The record under evaluation as `Date` and `Math.random` see it. */
export interface Clock {
  /** Milliseconds since 1970 of the current record; 0 while the module loads. */
  now(): number
  /** Uniform in [0, 1), seeded by the current record's id. */
  random(): number
}

/** Alters the isolate's globals; everything is decided here once and cannot be undone by the author. */
export function lockdown(
  { apply, construct, defineProperty, deleteProperty, freeze, preventExtensions }: Primordials,
  clock: Clock,
  log: Log,
) {
  const GONE = [
    // callbacks outside the timed call
    'FinalizationRegistry',
    'WeakRef',
    'Atomics',
    'SharedArrayBuffer',
    // compiled code and memory beyond the heap limit
    'WebAssembly',
    // aborts isolated-vm
    'Float16Array',
    // reads the real clock and the machine's locale, allocates beyond the heap limit
    'Intl',
    'escape',
    'unescape',
  ]
  for (const name of GONE) deleteProperty(globalThis, name)
  for (const name of ['getFloat16', 'setFloat16']) deleteProperty(DataView.prototype, name)
  deleteProperty(Math, 'f16round')

  const hidden = (target: object, name: string, value: unknown): void => {
    defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true })
  }
  const pinned = (target: object, name: string, value: unknown): void => {
    defineProperty(target, name, { value, writable: false, enumerable: false, configurable: false })
  }
  /** Puts a stand-in for a constructor into the global scope and onto its prototype, so that the original is out of reach. */
  const replace = (name: string, original: { prototype: object }, standIn: object): void => {
    pinned(standIn, 'prototype', original.prototype)
    pinned(standIn, 'name', name)
    pinned(original.prototype, 'constructor', standIn)
    hidden(globalThis, name, standIn)
  }

  // Resizable buffers are not accounted to the heap limit.
  for (const name of ['resize', 'resizable', 'maxByteLength', 'transfer', 'transferToFixedLength', 'detached'])
    deleteProperty(ArrayBuffer.prototype, name)
  const Buffer = ArrayBuffer
  function FixedBuffer(length: number): object {
    if (new.target === undefined) throw new TypeError("Constructor ArrayBuffer requires 'new'")
    return construct(Buffer, [length], (new.target as unknown) === FixedBuffer ? Buffer : new.target) as object
  }
  hidden(FixedBuffer, 'isView', Buffer.isView)
  replace('ArrayBuffer', Buffer, FixedBuffer)

  // The clock stands at the record's time.
  const RealDate = Date
  const dateText = Date.prototype.toString
  function FixedDate(...values: unknown[]): unknown {
    if (new.target === undefined) return apply(dateText, new RealDate(clock.now()), [])
    const given = values.length === 0 ? [clock.now()] : values
    return construct(RealDate, given, (new.target as unknown) === FixedDate ? RealDate : new.target)
  }
  pinned(FixedDate, 'length', 7)
  hidden(FixedDate, 'now', () => clock.now())
  hidden(FixedDate, 'parse', RealDate.parse)
  hidden(FixedDate, 'UTC', RealDate.UTC)
  replace('Date', RealDate, FixedDate)
  hidden(Math, 'random', () => clock.random())

  // An array of ours is filled by plain assignment, so nobody may put a setter for an index behind it.
  preventExtensions(Array.prototype)
  preventExtensions(Object.prototype)

  const write = log.write
  const show = (value: unknown): void => write(value)
  const nothing = (): void => undefined
  const assert = (holds: unknown, ...values: unknown[]): void => {
    if (!holds) write('Assertion failed', ...values)
  }
  const levels = { log: write, info: write, warn: write, error: write, debug: write, trace: write }
  const looks = { dir: show, table: show, assert, group: write, groupEnd: nothing, time: nothing, timeEnd: nothing }
  hidden(globalThis, 'console', freeze({ ...levels, ...looks }))
  pinned(Error, 'prepareStackTrace', undefined)
  pinned(Error, 'stackTraceLimit', 10)
}
