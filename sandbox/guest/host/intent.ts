// The host's word on what it is about to do, written before each step into a small file that the supervisor reads from outside.
import { writeSync } from 'node:fs'
import { INTENT_BYTES } from '../../protocol/wire.ts'
import { intentFd } from './shared-files.ts'

const record = new Uint32Array(INTENT_BYTES / 4)
const bytes = Buffer.from(record.buffer)
const NO_SLOT = 0xffff_ffff

/** Says that `slot` is about to run in `phase` for batch or load `seq`. */
export function mark(phase: number, slot = NO_SLOT, seq = 0): void {
  record[0] = slot
  record[1] = seq
  record[2] = phase
  record[3] = (record[3] ?? 0) + 1
  writeSync(intentFd, bytes, 0, INTENT_BYTES, 0)
}
