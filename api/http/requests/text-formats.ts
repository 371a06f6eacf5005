// The texts that requests carry, and how they are checked beyond their length: moments, integers of 64 bits, lines that people read.
import { Type } from 'typebox'
import { LONG_TEXT, longOf } from '#hub'
import { timeOf } from '../../rfc3339-time.ts'

/** An id of an alert or a visit. A number in JSON would have lost its digits before anybody looks at it. */
export const Long = Type.String({ pattern: LONG_TEXT, format: 'long', maxLength: 20 })

/** A moment in RFC 3339: `2026-11-21T16:00:00Z`. */
export const Moment = Type.String({ format: 'date-time', maxLength: 40 })

/**
 * Control characters (a terminal obeys them) and those that turn the direction of writing (they make a text look like another):
 * C0, C1, line and paragraph separators, marks and overrides of direction, and halves of surrogate pairs.
 */
const UNPRINTED =
  '\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ud800-\\udfff'
const RUN = new RegExp(`[${UNPRINTED}]+`, 'gu')

/** A line for people, without what they could not see. */
export const Line = (maxLength: number, minLength = 0) =>
  Type.String({
    minLength,
    maxLength,
    pattern: `^[^${UNPRINTED}]*$`,
    description: 'without control characters and marks of writing direction',
  })

/** A text from elsewhere (a source, a record of an earlier version) as such a line: what may not be in one is a space. */
export const asLine = (text: string): string => text.replace(RUN, ' ').trim()

interface Formats {
  addFormat(name: string, format: { readonly type: 'string'; readonly validate: (text: string) => boolean }): unknown
}

/** Teaches the validator the formats; its own `date-time` takes leap seconds, which no clock of ours ever shows. */
export function addFormats(ajv: Formats): void {
  ajv.addFormat('date-time', { type: 'string', validate: text => timeOf(text) !== undefined })
  ajv.addFormat('long', { type: 'string', validate: text => longOf(text) !== undefined })
}
