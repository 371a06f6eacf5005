// Where the newest record of each key of a partition is, so that one is found without reading all.
// Kept in step with what was committed since, each time it is asked.
import { type LogRecord, openQueue } from '#hub'
import { type KeyOffsets, openKeyOffsets } from './key-offsets.ts'

export interface RecordIndex {
  /** The newest committed record of a key; undefined where there is none. Reads what was committed since it was last asked. */
  newest(key: string): Promise<LogRecord | undefined>
}

export interface IndexedPartition {
  /** Committed records from an offset to what is committed now; from the oldest there is where the offset is gone. */
  readonly read: (from: bigint | 'earliest') => AsyncIterable<LogRecord>
  /** Which keys are looked for. */
  readonly isWanted: (key: string) => boolean
  /** Of the keys with the newest records so many are found; an entry takes 24 bytes on average. */
  readonly maxKeys: number
}

/** An index that begins empty: the first question reads the whole partition, once however many ask. */
export function openRecordIndex({ read, isWanted, maxKeys }: IndexedPartition): RecordIndex {
  let offsets: KeyOffsets = openKeyOffsets(maxKeys)
  let next: bigint | 'earliest' = 'earliest'
  const inTurn = openQueue()

  const startOver = (): void => {
    offsets = openKeyOffsets(maxKeys)
    next = 'earliest'
  }
  const catchUp = async (): Promise<void> => {
    for await (const { offset, key, value } of read(next)) {
      // The topic was made anew: what is known is of another one.
      if (next !== 'earliest' && offset < next) startOver()
      next = offset + 1n
      const name = key?.toString()
      if (name === undefined || !isWanted(name)) continue
      if (value === null) offsets.delete(name)
      else offsets.set(name, Number(offset))
    }
  }
  const find = async (key: string): Promise<LogRecord | undefined> => {
    const offset = offsets.get(key)
    if (offset === undefined) return undefined
    for await (const record of read(BigInt(offset))) return record
    return undefined
  }
  return {
    newest: key =>
      inTurn(async () => {
        await catchUp()
        const found = await find(key)
        if (found === undefined || found.key?.toString() === key) return found
        // Of a topic that was made anew and has grown past the old one's end.
        startOver()
        await catchUp()
        const again = await find(key)
        return again?.key?.toString() === key ? again : undefined
      }),
  }
}
