// The example filters are a new system's first: submitted through the API as anyone would, once. Deleted ones stay deleted.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Type, type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { examples, type Example } from '#filters'
import { DeployError } from '../errors.ts'
import { writePrivate } from './secrets.ts'

const PAUSE_MS = 500
const LIVE_LIMIT_MS = 60_000
const CALL_LIMIT_MS = 10_000

const View = Type.Object({
  id: Type.String(),
  name: Type.String(),
  stage: Type.String(),
  problems: Type.Array(Type.Object({ message: Type.String() })),
})
type View = Static<typeof View>
const Nodes = Type.Object({ items: Type.Array(Type.Object({ silentShards: Type.Array(Type.Integer()) })) })
const Views = Type.Object({ items: Type.Array(View) })

const LIVE: ReadonlySet<string> = new Set(['live', 'catching-up'])
const ENDED: ReadonlySet<string> = new Set(['rejected', 'suspended', 'failed', 'paused', 'deleting'])

export interface ExamplesOptions {
  readonly apiUrl: string
  readonly adminToken: string
  readonly dataDir: string
  readonly nodes: number
  /** Those in Python, or the others: Python comes later, and not everywhere. */
  readonly python: boolean
  /** What a start must not fail for, but the operator should know. */
  readonly note: (text: string) => void
}

/** Submits them at the first start and waits until all run, a minute at most; a repetition continues where it was cut off. */
export const submitExamples = async (options: ExamplesOptions, signal: AbortSignal): Promise<void> => {
  const marker = join(options.dataDir, options.python ? 'python-examples-submitted' : 'examples-submitted')
  if (existsSync(marker)) return
  await awaitNodes(options, signal)
  const submitted = new Set<string>()
  const wanted = examples().filter(({ language }) => (language === 'python') === options.python)
  for (const example of wanted) submitted.add((await submit(options, example, signal)).id)
  const views = await awaitLive(options, submitted, signal)
  for (const { name, stage, problems } of views) {
    const why = problems.map(({ message }) => message).join('; ')
    if (!LIVE.has(stage)) options.note(`  example ${name} does not run (${stage})${why === '' ? '' : `: ${why}`}`)
  }
  writePrivate(marker, `${views.map(({ id, name }) => `${id} ${name}`).join('\n')}\n`)
}

/** The API places filters on shards it has heard of: all should have reported, or the first to do so would get every example. */
const awaitNodes = async (options: ExamplesOptions, signal: AbortSignal): Promise<void> => {
  const deadline = performance.now() + LIVE_LIMIT_MS
  while (performance.now() < deadline) {
    const { items } = await call(Nodes, options, '/v1/nodes', {}, signal)
    if (items.length >= options.nodes && items.every(({ silentShards }) => silentShards.length === 0)) return
    await sleep(PAUSE_MS, undefined, { signal })
  }
}

const submit = async (options: ExamplesOptions, example: Example, signal: AbortSignal): Promise<View> => {
  const { name, stream, language, source } = example
  // The same key is the same filter, however often this is repeated.
  const headers = { 'content-type': 'application/json', 'idempotency-key': `example-${name}` }
  const body = JSON.stringify({ name, stream, language, source })
  return call(View, options, '/v1/filters', { method: 'POST', headers, body }, signal)
}

/** Their views when each runs or has ended, or when the minute is over. */
const awaitLive = async (options: ExamplesOptions, ids: ReadonlySet<string>, signal: AbortSignal) => {
  const deadline = performance.now() + LIVE_LIMIT_MS
  for (;;) {
    const { items } = await call(Views, options, '/v1/filters?limit=100', {}, signal)
    const ours = items.filter(({ id }) => ids.has(id))
    const settled = ours.every(({ stage }) => LIVE.has(stage) || ENDED.has(stage))
    if ((settled && ours.length === ids.size) || performance.now() > deadline) return ours
    await sleep(PAUSE_MS, undefined, { signal })
  }
}

const call = async <S extends TSchema>(
  schema: S,
  { apiUrl, adminToken }: ExamplesOptions,
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string },
  signal: AbortSignal,
): Promise<Static<S>> => {
  const headers = { ...init.headers, authorization: `Bearer ${adminToken}` }
  const response = await fetch(`${apiUrl}${path}`, {
    ...init,
    headers,
    signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_LIMIT_MS)]),
  })
  const text = await response.text()
  const body: unknown = response.ok ? JSON.parse(text) : undefined
  if (Value.Check(schema, body)) return body
  throw new DeployError(
    'DEPLOY_EXAMPLE_REFUSED',
    `The API answered ${init.method ?? 'GET'} ${path} for an example filter with ${response.status}: ${text.slice(0, 500)}`,
  )
}
