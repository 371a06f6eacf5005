// A program as its host or container is told it.
import { type Program } from '../sandbox.ts'
import { type LoadMessage } from './wire.ts'

/** `seq` is what the answer will name; `slot` is what the program is called by from then on. */
export function loadMessage(seq: number, slot: number, program: Program): LoadMessage {
  const { source, fileName, reads, offers, limits } = program
  return { seq, slot, source, fileName, reads, ...(offers && { offers }), limits }
}
