// What a filter takes of its host's memory before it has allocated anything itself, so that a host is full before the kernel finds it so.
import { type ColumnSet, MAX_BINARY_BYTES, MAX_TEXT_UNITS } from '../../columns/batch.ts'
import { planMailbox } from '../../guest/mailbox/mailbox-plan.ts'
import { type Program } from '../../sandbox.ts'

const MB = 1_048_576
/** An isolate with its program and what V8 keeps for it; measured 4.0 without its mailbox. */
const ISOLATE_MB = 4
/** A host without filters: Node, isolated-vm, the batch under way. */
const HOST_MB = 96

const known = new WeakMap<ColumnSet, number>()

/** The memory it shares with its host: its columns with room for the largest batch, and its own areas of texts and bytes. */
export function mailboxMb(reads: ColumnSet): number {
  const before = known.get(reads)
  if (before !== undefined) return before
  const { bytes, readsText, readsBinary } = planMailbox(reads)
  const areas = (readsText ? 2 * MAX_TEXT_UNITS : 0) + (readsBinary ? MAX_BINARY_BYTES : 0)
  const mb = (bytes + areas) / MB
  known.set(reads, mb)
  return mb
}

/** What it takes as soon as it is loaded and has seen its largest batch. */
export const filterMb = ({ reads }: Program): number => ISOLATE_MB + mailboxMb(reads)

/** Whether a host has room for these: all of them at rest, and one of them at its own limit. */
export function fits(programs: Iterable<Program>, hostMb: number): boolean {
  let restMb = HOST_MB
  let limitMb = 0
  for (const program of programs) {
    restMb += filterMb(program)
    limitMb = Math.max(limitMb, program.limits.memoryMb)
  }
  return restMb + limitMb <= hostMb
}
