// A question to the system's own API during a start. One that is slow, busy or just starting is asked again: that is no reason to end a start.
import { setTimeout as sleep } from 'node:timers/promises'

/** A try without an answer is given up and made again; questions here may be asked twice. */
const TRY_LIMIT_MS = 60_000
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5000
const TOO_MANY = 429
const FAULTS_FROM = 500
const MS = 1000

export interface ApiAccess {
  readonly apiUrl: string
  readonly adminToken: string
}

export interface Question {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface Answer {
  readonly status: number
  readonly text: string
}

/**
 * Asks until there is an answer that asking again would not change: anything but 429 and faults of the API. Throws the signal's
 * reason, nothing else.
 */
export const askApi = async (
  { apiUrl, adminToken }: ApiAccess,
  { method, path, headers = {}, body }: Question,
  signal: AbortSignal,
  tryLimitMs = TRY_LIMIT_MS,
): Promise<Answer> => {
  const json = body === undefined ? {} : { body: JSON.stringify(body) }
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    signal.throwIfAborted()
    const answer = await fetch(apiUrl + path, {
      method,
      headers: { ...type, ...headers, authorization: `Bearer ${adminToken}` },
      ...json,
      signal: AbortSignal.any([signal, AbortSignal.timeout(tryLimitMs)]),
    })
      .then(async response => ({
        status: response.status,
        text: await response.text(),
        afterMs: MS * Number(response.headers.get('retry-after') ?? 0),
      }))
      .catch(() => undefined)
    if (answer !== undefined && answer.status !== TOO_MANY && answer.status < FAULTS_FROM)
      return { status: answer.status, text: answer.text }
    const afterMs = answer !== undefined && Number.isFinite(answer.afterMs) ? answer.afterMs : 0
    await sleep(Math.min(LONGEST_PAUSE_MS, Math.max(pauseMs, afterMs)), undefined, { signal })
  }
}
