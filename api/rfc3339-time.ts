// Moments as callers write them: RFC 3339 and nothing looser. A moment that no clock shows (24:00, a leap second) never comes,
// so what is to end then would never end.

const FORM = /^(\d{4}-\d{2}-(\d{2}))T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/** Milliseconds since 1970; undefined for any other form, for days no month has, for 24:00 and for leap seconds. */
export function timeOf(text: string): number | undefined {
  const [, date = '', day = ''] = FORM.exec(text) ?? []
  // Date takes February 30 for March 2.
  if (date === '' || new Date(`${date}T00:00:00Z`).getUTCDate() !== Number(day)) return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}
