// In: the Avro bytes of alerts. Out: a batch of columns, filled alert by alert in memory of its own. column-plan.ts matches wanted columns to a schema,
// cursor.ts makes code of that, value-reader.ts is what the code calls.
import { HubError } from '../../errors.ts'
import { type Stream, TIME_SCALES } from '../../streams.ts'
import { type Batch, type ColumnSet, NULL_HIGH } from '../columns/batch.ts'
import { type Cursor, cursorOf } from './cursor.ts'
import { BATCH_LIMITS, type BatchLimits, layoutOf, openMemory } from '../columns/batch-memory.ts'
import { timeOf } from './column-plan.ts'
import { BATCH_FULL, Reader } from './value-reader.ts'
import { type AvroSchema } from '../schema/node.ts'

export interface BatchBuilderOptions extends Partial<BatchLimits> {
  readonly stream: Stream
  readonly set: ColumnSet
}

/** What a packet says of itself. */
export interface AlertKey {
  readonly alertId: bigint
  readonly visit: bigint
}

export interface BatchBuilder {
  readonly set: ColumnSet
  readonly rows: number
  /**
   * Reads an alert into the next row. 'full' when a limit of the batch would be passed: the batch is unchanged, and the packet belongs in the next one.
   * `timestampMs` (the record's) is the alert's time where the packet has none. Throws HubError HUB_AVRO_… for unreadable bytes, HUB_ALERT_NO_ID,
   * HUB_ALERT_TOO_LARGE for an alert no batch can hold, HUB_SCHEMA_FIELD; the batch is then unchanged too.
   */
  add(body: Uint8Array, schemaId: number, schema: AvroSchema, timestampMs: number): AlertKey | 'full'
  /** The batch so far: views of the builder's memory, valid until `reset`. */
  take(): Batch
  /** Empties the batch; what `take` gave is no longer valid. */
  reset(): void
}

interface Reading {
  readonly schema: AvroSchema
  readonly cursor: Cursor
  readonly toUnixMs: (time: number) => number
}

const MAX_DATE_MS = 8.64e15

/** Opens a builder with memory of its own for one batch at a time. */
export const openBatchBuilder = (options: BatchBuilderOptions): BatchBuilder => {
  const { stream, set } = options
  const limits = limitsOf(options)
  const layout = layoutOf(set, limits)
  const memory = openMemory(layout)
  const { numbers, words, longs, text, items } = memory
  const itemsBefore = new Int32Array(items.length)
  const reader = new Reader()
  reader.use(memory)
  const readings = new Map<number, Reading>()
  let rows = 0

  const readingOf = (schemaId: number, schema: AvroSchema): Reading => {
    const known = readings.get(schemaId)
    if (known?.schema === schema) return known
    const scale = timeOf(schema.root, stream)?.scale
    const toUnixMs = scale ? TIME_SCALES[scale] : () => Number.NaN
    const reading = { schema, cursor: cursorOf(schema, layout, stream), toUnixMs }
    readings.set(schemaId, reading)
    return reading
  }

  const column = (cell: number, length: number): Float64Array => numbers.subarray(cell, cell + length)

  const long = (cell: number, what: string): bigint => {
    if (words[2 * cell + 1] === NULL_HIGH)
      throw new HubError('HUB_ALERT_NO_ID', `The alert's ${what} is null; the producer has to set it`)
    return longs[cell] ?? 0n
  }

  const read = (body: Uint8Array, schemaId: number, schema: AvroSchema, timestampMs: number): AlertKey => {
    const { cursor, toUnixMs } = readingOf(schemaId, schema)
    const end = cursor(reader, reader.begin(body, `${schemaId} (${schema.name})`), rows)
    if (end !== reader.end) reader.trailing(end)
    const key = { alertId: long(layout.ids + rows, 'id'), visit: visitOf(stream, long(layout.visits + rows, 'visit')) }
    const timeMs = toUnixMs(numbers[layout.times + rows] ?? Number.NaN)
    numbers[layout.times + rows] = Math.abs(timeMs) <= MAX_DATE_MS ? timeMs : timestampMs
    return key
  }

  return {
    set,
    get rows() {
      return rows
    },
    add(body, schemaId, schema, timestampMs) {
      if (rows >= limits.maxRows) return 'full'
      text.mark()
      itemsBefore.set(items)
      const binaryBefore = memory.binaryLength
      try {
        const key = read(body, schemaId, schema, timestampMs)
        rows++
        return key
      } catch (error) {
        text.rollback()
        items.set(itemsBefore)
        memory.binaryLength = binaryBefore
        if (error !== BATCH_FULL) throw error
        if (rows > 0) return 'full'
        throw new HubError(
          'HUB_ALERT_TOO_LARGE',
          `The alert of ${body.length} bytes has more ${reader.full} than a whole batch holds; no filter can see it`,
        )
      }
    },
    take() {
      return {
        set,
        rows,
        times: column(layout.times, rows),
        ids: longs.subarray(layout.ids, layout.ids + rows),
        columns: layout.columns.map(({ cell }) => column(cell, rows)),
        lists: layout.lists.map(list => {
          const count = items[list.index] ?? 0
          return {
            items: count,
            starts: column(list.starts, rows),
            counts: column(list.counts, rows),
            columns: list.columns.map(({ cell }) => column(cell, count)),
          }
        }),
        text: text.units.subarray(0, text.length),
        binary: memory.binary.subarray(0, memory.binaryLength),
      }
    },
    reset() {
      rows = 0
      text.clear()
      items.fill(0)
      memory.binaryLength = 0
      reader.release()
    },
  }
}

/** The limits asked for; never more than a sandbox takes. */
const limitsOf = (options: BatchBuilderOptions): BatchLimits => {
  const limit = (name: keyof BatchLimits): number => Math.min(options[name] ?? BATCH_LIMITS[name], BATCH_LIMITS[name])
  return {
    maxRows: limit('maxRows'),
    maxListRows: limit('maxListRows'),
    maxTextUnits: limit('maxTextUnits'),
    maxBinaryBytes: limit('maxBinaryBytes'),
  }
}

const visitOf = ({ visit: { divideBy } }: Stream, value: bigint): bigint => {
  if (divideBy === undefined) return value
  return value / divideBy - (value % divideBy < 0n ? 1n : 0n)
}
