// A program that submits filters as their author and waits until all are live: account, address and filters as JSON on standard input, what is live as JSON on
// standard output. It runs where the API can be reached, and trusts its authority by NODE_EXTRA_CA_CERTS.
import { setTimeout as sleep } from 'node:timers/promises'
import { json } from 'node:stream/consumers'
import { type NodeFilter } from './node-filters.ts'

export interface Submitting {
  readonly apiUrl: string
  readonly token: string
  readonly filters: readonly NodeFilter[]
}

/** A filter as the API shows it. */
export interface ShownFilter {
  readonly id: string
  readonly name: string
  readonly cap: number
  readonly policy: 'first' | 'best'
  readonly stage: string
  readonly topic: string
  readonly placement: { readonly mirror: string } | null
}

const PAUSE_MS = 500
/** A busy API, or one that is about to lead, says so. */
const BUSY: ReadonlySet<number> = new Set([429, 503])

const { apiUrl, token, filters } = (await json(process.stdin)) as Submitting

const ask = async <T>(
  path: string,
  init: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<T> => {
  for (;;) {
    const headers = { ...init.headers, authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const answer = await fetch(apiUrl + path, { ...init, headers })
    const text = await answer.text()
    if (answer.ok) return JSON.parse(text) as T
    if (!BUSY.has(answer.status)) throw new Error(`${path}: ${answer.status} ${text}`)
    await sleep(PAUSE_MS)
  }
}

const all = async (): Promise<readonly ShownFilter[]> => {
  const found: ShownFilter[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const more: string = cursor === '' ? '' : `&cursor=${cursor}`
    const page: { items: ShownFilter[]; nextCursor: string | null } = await ask(`/v1/filters?limit=100${more}`)
    found.push(...page.items)
    cursor = page.nextCursor
  }
  return found
}

for (const filter of filters) {
  const headers = { 'idempotency-key': filter.name }
  await ask('/v1/filters', { method: 'POST', headers, body: JSON.stringify({ ...filter, stream: 'lsst' }) })
}
for (;;) {
  const found = await all()
  const bad = found.find(({ stage }) => stage === 'rejected' || stage === 'suspended' || stage === 'failed')
  if (bad !== undefined) throw new Error(`${bad.name} is ${bad.stage}`)
  if (found.length === filters.length && found.every(({ stage }) => stage === 'live')) {
    process.stdout.write(JSON.stringify(found))
    break
  }
  await sleep(PAUSE_MS)
}
