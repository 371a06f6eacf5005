// Ctrl-C and the context's signal as one AbortSignal, for commands that leave a summary when they are ended.
import type { CliContext } from './cli-context.ts'

/** Runs `work`; the first Ctrl-C asks it to end. */
export async function withInterrupt<T>({ signal }: CliContext, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController()
  const stop = (): void => interrupted.abort()
  process.once('SIGINT', stop)
  try {
    return await work(signal ? AbortSignal.any([signal, interrupted.signal]) : interrupted.signal)
  } finally {
    process.off('SIGINT', stop)
  }
}
