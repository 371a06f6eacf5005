// Looks at JSON that others wrote, by hand: the schema library takes longer to load than a short command may take.

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isText = (value: unknown): value is string => typeof value === 'string'

export const isTextOrAbsent = (value: unknown): value is string | undefined => value === undefined || isText(value)

export const isIntegerOrAbsent = (value: unknown): value is number | undefined =>
  value === undefined || Number.isSafeInteger(value)

/** A record with values of one shape. */
export const isRecordOf = <T>(value: unknown, isOne: (value: unknown) => value is T): value is Record<string, T> =>
  isRecord(value) && Object.values(value).every(isOne)
