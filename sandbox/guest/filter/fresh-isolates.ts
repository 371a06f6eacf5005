// Isolates with our own scripts in them, made when a filter needs one, or ahead of time in a host that stands by.
import ivm from 'isolated-vm'
import { GUEST_SOURCE } from '../isolate/guest-source.ts'
import { runOwn } from './own-scripts.ts'

/** One that no author's code has been in. */
export interface FreshIsolate {
  readonly isolate: ivm.Isolate
  readonly context: ivm.Context
  /** The function of GUEST_SOURCE. */
  readonly guest: ivm.Reference<unknown>
}

const MIN_MEMORY_MB = 8
/** By limit of memory, which an isolate has from the beginning. */
const ahead = new Map<number, FreshIsolate[]>()

function make(memoryMb: number): FreshIsolate {
  const isolate = new ivm.Isolate({ memoryLimit: Math.max(MIN_MEMORY_MB, memoryMb) })
  const context = isolate.createContextSync()
  return { isolate, context, guest: runOwn(isolate, context, GUEST_SOURCE) }
}

export const takeIsolate = (memoryMb: number): FreshIsolate => ahead.get(memoryMb)?.pop() ?? make(memoryMb)

/** Makes some more of a limit. */
export function makeAhead(memoryMb: number, count: number): void {
  const made = ahead.get(memoryMb) ?? []
  ahead.set(memoryMb, made)
  for (let i = 0; i < count; i++) made.push(make(memoryMb))
}
