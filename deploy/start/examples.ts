// The example filters are a new system's first: submitted through the API as anyone would, once. Deleted ones stay deleted.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { examples, type Example } from '#filters'
import { DeployError } from '../errors.ts'
import { writePrivate } from './secrets.ts'

const PAUSE_MS = 200
const LIVE_LIMIT_MS = 60_000
const CALL_LIMIT_MS = 10_000

const View = Type.Object({
  id: Type.String(),
  name: Type.String(),
  stage: Type.String(),
  problems: Type.Array(Type.Object({ message: Type.String() })),
})
type View = Static<typeof View>

export interface ExamplesOptions {
  readonly apiUrl: string
  readonly adminToken: string
  readonly dataDir: string
  /** What a start must not fail for, but the operator should know. */
  readonly note: (text: string) => void
}

/** Submits them at the first start and waits until all run, a minute at most; a repetition continues where it was cut off. */
export const submitExamples = async (options: ExamplesOptions, signal: AbortSignal): Promise<void> => {
  const marker = join(options.dataDir, 'examples-submitted')
  if (existsSync(marker)) return
  const submitted = await Promise.all(examples().map(example => submit(options, example, signal)))
  const deadline = performance.now() + LIVE_LIMIT_MS
  await Promise.all(submitted.map(view => awaitLive(options, view, deadline, signal)))
  writePrivate(marker, `${submitted.map(({ id, name }) => `${id} ${name}`).join('\n')}\n`)
}

const submit = (options: ExamplesOptions, example: Example, signal: AbortSignal): Promise<View> => {
  const { name, stream, language, source } = example
  // The same key is the same filter, however often this is repeated.
  const headers = { 'content-type': 'application/json', 'idempotency-key': `example-${name}` }
  const body = JSON.stringify({ name, stream, language, source })
  return call(options, '/v1/filters', { method: 'POST', headers, body }, signal)
}

const awaitLive = async (options: ExamplesOptions, { id, name }: View, deadline: number, signal: AbortSignal) => {
  for (;;) {
    const { stage, problems } = await call(options, `/v1/filters/${id}`, {}, signal)
    if (stage === 'live' || stage === 'catching-up') return
    const ended = ['rejected', 'suspended', 'failed', 'paused', 'deleted'].includes(stage)
    if (ended || performance.now() > deadline) {
      const why = problems.map(({ message }) => message).join('; ')
      return options.note(`  example ${name} does not run (${stage})${why === '' ? '' : `: ${why}`}`)
    }
    await sleep(PAUSE_MS, undefined, { signal })
  }
}

const call = async (
  { apiUrl, adminToken }: ExamplesOptions,
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string },
  signal: AbortSignal,
): Promise<View> => {
  const headers = { ...init.headers, authorization: `Bearer ${adminToken}` }
  const response = await fetch(`${apiUrl}${path}`, {
    ...init,
    headers,
    signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_LIMIT_MS)]),
  })
  const text = await response.text()
  const body: unknown = response.ok ? JSON.parse(text) : undefined
  if (Value.Check(View, body)) return body
  throw new DeployError(
    'DEPLOY_EXAMPLE_REFUSED',
    `The API answered ${init.method ?? 'GET'} ${path} for an example filter with ${response.status}: ${text.slice(0, 500)}`,
  )
}
