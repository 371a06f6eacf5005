// Waiting for what is not up yet: tries again, and keeps the reason for /readyz and the log.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger } from 'pino'
import { HubError, type HubErrorCode } from '#hub'
import { type Check } from './ops-server.ts'

const RETRY_MS = 1000

/** What passes when something comes up or is set right; anything else is a fault to stop at. */
const PASSING: readonly HubErrorCode[] = [
  'HUB_UNREACHABLE',
  'HUB_SEND_FAILED',
  'HUB_TOPIC_UNKNOWN',
  'HUB_NOT_AUTHORIZED',
  'HUB_ADMIN_FAILED',
  'HUB_REGISTRY_UNREACHABLE',
  'HUB_REGISTRY_REFUSED',
  'HUB_ARCHIVE_WRITE',
  'HUB_ARCHIVE_INDEX',
]

export interface Retries {
  /** Tries until it succeeds; `name` is not ready meanwhile. Throws what does not pass, and when the signal comes. */
  persist<T>(name: string, attempt: () => Promise<T>): Promise<T>
  /** For an attempt that lasts: its name is ready from now on. */
  fine(name: string): void
  checks(): readonly Check[]
}

/** `names` are not ready until first asked. */
export const openRetries = (names: readonly string[], log: Logger, signal: AbortSignal): Retries => {
  const reasons = new Map<string, string | undefined>(names.map(name => [name, 'not asked yet']))
  return {
    persist: async (name, attempt) => {
      for (let said = ''; ;) {
        signal.throwIfAborted()
        try {
          const result = await attempt()
          reasons.set(name, undefined)
          return result
        } catch (error) {
          signal.throwIfAborted()
          if (!(error instanceof HubError) || !PASSING.includes(error.code)) throw error
          reasons.set(name, error.message)
          if (said !== error.message) log.warn(`waiting: ${error.message}`)
          said = error.message
        }
        await sleep(RETRY_MS, undefined, { signal })
      }
    },
    fine: name => void reasons.set(name, undefined),
    checks: () =>
      [...reasons].map(([name, reason]) => (reason === undefined ? { name, ok: true } : { name, ok: false, reason })),
  }
}
