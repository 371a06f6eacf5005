// Alert objects to Avro bytes. avsc's writer into memory that is kept, as allocating 110 KB twice for each packet costs more than encoding it.
import { type AvroSchema } from '../avro/schema/parse-schema.ts'

const START_BYTES = 1 << 20

/** An encoder of one schema. Its result is a view of memory that the next call overwrites. */
export const openEncoder = ({ type }: AvroSchema): ((value: object) => Buffer) => {
  let scratch = Buffer.allocUnsafeSlow(START_BYTES)
  return value => {
    let end = type.encode(value, scratch)
    if (end < 0) {
      // avsc answers with minus the bytes that were missing.
      scratch = Buffer.allocUnsafeSlow(scratch.length - end)
      end = type.encode(value, scratch)
    }
    return scratch.subarray(0, end)
  }
}
