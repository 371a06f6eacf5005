// What a schema may be at most. Real ones have some 300 fields in ten records; everything that walks over a schema or over packets of it relies on these.

/** Characters of a text. Rubin's are 120,000 with their documentation. */
export const MAX_SCHEMA_CHARS = 1_000_000
/** Brackets in each other, in a text. */
const MAX_NESTING = 200
/** Types in each other, however they are named. */
export const MAX_DEPTH = 64
/** Of all records of a schema together, those of its references too. */
export const MAX_FIELDS = 10_000
export const MAX_SYMBOLS = 10_000
/** Of one union. */
export const MAX_BRANCHES = 100
/** Fields without bytes (nulls, empty records) in one record and the records in it: the size of a packet does not bound them. */
export const MAX_EMPTY_FIELDS = 256
export const MAX_NAME_CHARS = 500
/** Bytes of a fixed: no packet has more. */
export const MAX_FIXED_BYTES = 16 * 1024 * 1024

/** Whether brackets of a text are in each other deeper than any schema's. Those inside texts do not count. */
export const isTooDeep = (text: string): boolean => {
  let depth = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at += 1) {
    const mark = text[at]
    if (mark === '"') isQuoted = !isQuoted
    else if (isQuoted) at += mark === '\\' ? 1 : 0
    else if (mark === '{' || mark === '[') depth += 1
    else if (mark === '}' || mark === ']') depth -= 1
    if (depth > MAX_NESTING) return true
  }
  return false
}
