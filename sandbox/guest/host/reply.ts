// The verdicts of one batch in one reply; see wire.ts for its form.
import { type Extra, RECORD_HEADER_BYTES, RecordFlag, VERDICTS_HEADER_BYTES, wordsOf } from '../../protocol/wire.ts'
import { type Evaluated } from '../filter/filter-isolate.ts'
import { type Filter } from '../filter/filter.ts'

/** Collects records in one growing buffer. */
export function openReply() {
  let buffer = Buffer.alloc(1 << 16)
  let length = 0
  let records = 0

  const reserve = (bytes: number): void => {
    if (length + bytes <= buffer.length) return
    const grown = Buffer.alloc(2 ** Math.ceil(Math.log2(length + bytes)))
    buffer.copy(grown, 0, 0, length)
    buffer = grown
  }
  const header = (slot: number, flags: number, extraBytes: number, cpuMs: number): void => {
    buffer.writeUInt32LE(slot, length)
    buffer.writeUInt32LE(flags, length + 4)
    buffer.writeUInt32LE(extraBytes, length + 8)
    buffer.writeUInt32LE(0, length + 12)
    buffer.writeDoubleLE(cpuMs, length + 16)
    length += RECORD_HEADER_BYTES
    records++
  }
  const put = (bytes: Uint8Array): void => {
    buffer.set(bytes, length)
    length += bytes.length
  }

  return {
    begin(seq: number): void {
      length = VERDICTS_HEADER_BYTES
      records = 0
      buffer.writeUInt32LE(seq, 0)
    },
    add(slot: number, rows: number, filter: Filter, evaluated: Evaluated): void {
      const extraText = evaluated.failure
        ? JSON.stringify({ failure: evaluated.failure } satisfies Extra)
        : evaluated.wants
          ? JSON.stringify({ wants: evaluated.wants } satisfies Extra)
          : evaluated.extra
      const extra = Buffer.from(extraText)
      const { cells, plan } = filter.mailbox
      const bitBytes = wordsOf(rows) * 4
      const scoreBytes = evaluated.scored ? rows * 8 : 0
      const padded = (extra.length + 7) & ~7
      reserve(RECORD_HEADER_BYTES + 2 * bitBytes + scoreBytes + padded)
      const flags = (evaluated.scored ? RecordFlag.scores : 0) | (evaluated.failure ? RecordFlag.failed : 0)
      header(slot, flags, extra.length, evaluated.cpuMs)
      const bytes = new Uint8Array(cells.buffer)
      put(bytes.subarray(plan.passedWord * 4, plan.passedWord * 4 + bitBytes))
      put(bytes.subarray(plan.erroredWord * 4, plan.erroredWord * 4 + bitBytes))
      if (scoreBytes > 0) put(bytes.subarray(plan.scores * 8, plan.scores * 8 + scoreBytes))
      put(extra)
      buffer.fill(0, length, length + padded - extra.length)
      length += padded - extra.length
    },
    take(): Uint8Array {
      buffer.writeUInt32LE(records, 4)
      return buffer.subarray(0, length)
    },
  }
}
