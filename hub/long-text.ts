// Integers of 64 bits as text: ids of alerts and visits in addresses, answers, file names and notices. Avro's `long` has a sign, and so have they:
// an id that can be on the wire can be stored, searched for, announced and asked for.

/** Decimal digits without leading zeros; whoever matches it still asks `longOf` for the range. */
export const LONG_TEXT = '^(0|-?[1-9][0-9]{0,18})$'

const FORM = new RegExp(LONG_TEXT)

/** The number a text names; undefined for any other text and for what does not fit into 64 bits. Each number has one text. */
export const longOf = (text: string): bigint | undefined => {
  const number = FORM.test(text) ? BigInt(text) : undefined
  return number !== undefined && BigInt.asIntN(64, number) === number ? number : undefined
}
