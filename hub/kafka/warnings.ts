// One warning of one library is silenced: kafkajs computes a negative delay in its request queue, which Node 24 reports.
let silenced = false

const isNegativeTimeout = (warning: string | Error, rest: readonly unknown[]): boolean => {
  const NAME = 'TimeoutNegativeWarning'
  if (typeof warning !== 'string') return warning.name === NAME
  const [first] = rest
  return first === NAME || (typeof first === 'object' && first !== null && 'type' in first && first.type === NAME)
}

/** Drops TimeoutNegativeWarning and passes every other warning on. Harmless when called twice. */
export const silenceNegativeTimeouts = (): void => {
  if (silenced) return
  silenced = true
  const emit = process.emitWarning.bind(process)
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (!isNegativeTimeout(warning, rest)) Reflect.apply(emit, undefined, [warning, ...rest])
  }
}
