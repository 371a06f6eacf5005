// The example filters are a new system's first: submitted through the API as anyone would, once. Deleted ones stay deleted.
// Nothing that happens to them ends a start.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Type, type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { examples, type Example } from '#filters'
import { askApi, type Answer, type ApiAccess } from './ask-api.ts'
import { writePrivate } from '../layout/secrets.ts'

const PAUSE_MS = 500
/** Without a change for so long, the rest of a start waits no longer; the examples go on by themselves. */
const QUIET_MS = 60_000
/** A node that has not reported by then gets no examples. */
const NODES_LIMIT_MS = 180_000
const FIRST_FAULT = 300

const View = Type.Object({
  id: Type.String(),
  name: Type.String(),
  stage: Type.String(),
  problems: Type.Array(Type.Object({ message: Type.String() })),
})
type View = Static<typeof View>
const Nodes = Type.Object({
  items: Type.Array(
    Type.Object({
      silentShards: Type.Array(Type.Integer()),
      /** Whether the API has logged in to its broker. */
      reached: Type.Union([Type.Boolean(), Type.Null()]),
    }),
  ),
})
const Views = Type.Object({ items: Type.Array(View) })
const Problem = Type.Object({ detail: Type.String() })

const LIVE: ReadonlySet<string> = new Set(['live', 'catching-up'])
const ENDED: ReadonlySet<string> = new Set(['rejected', 'suspended', 'failed', 'paused', 'deleting'])

export interface ExamplesOptions extends ApiAccess {
  readonly dataDir: string
  readonly nodes: number
  /** Those in Python, or the others: Python comes later, and not everywhere. */
  readonly python: boolean
  /** What a start must not fail for, but the operator should know. */
  readonly note: (text: string) => void
}

/**
 * Submits them at the first start; resolves when all run or have ended, or when nothing has changed for a minute: they are then
 * followed in the background, and the operator is told; at once where there is no node yet. A repetition continues where it was cut off. Throws the signal's reason only.
 */
export const submitExamples = async (
  options: ExamplesOptions,
  signal: AbortSignal,
  quietMs = QUIET_MS,
): Promise<void> => {
  const marker = join(options.dataDir, options.python ? 'python-examples-submitted' : 'examples-submitted')
  if (existsSync(marker)) return
  const progress = { atMs: performance.now() }
  const over = new AbortController()
  const submitting = submitAll(options, marker, () => (progress.atMs = performance.now()), signal)
    .catch((error: unknown) => {
      if (!signal.aborted) options.note(`  the example filters are left out: ${messageOf(error)}`)
    })
    .finally(() => over.abort())
  const waiting = AbortSignal.any([signal, over.signal])
  const quiet = async (): Promise<void> => {
    while (!waiting.aborted) {
      const leftMs = progress.atMs + (options.nodes === 0 ? 0 : quietMs) - performance.now()
      if (leftMs <= 0) return options.note(`  the example filters ${lateText(options.nodes)}`)
      await sleep(leftMs, undefined, { signal: waiting }).catch(() => undefined)
    }
  }
  await Promise.race([submitting, quiet()])
  signal.throwIfAborted()
}

const lateText = (nodes: number): string =>
  nodes === 0 ? 'wait for the first node' : 'take long; they go on by themselves'

const submitAll = async (
  options: ExamplesOptions,
  marker: string,
  onProgress: () => void,
  signal: AbortSignal,
): Promise<void> => {
  await awaitNodes(options, signal)
  onProgress()
  const submitted = new Set<string>()
  const wanted = examples().filter(({ language }) => (language === 'python') === options.python)
  for (const example of wanted) {
    const id = await submit(options, example, signal)
    if (id !== undefined) submitted.add(id)
    onProgress()
  }
  const views = await awaitLive(options, submitted, onProgress, signal)
  for (const { name, stage, problems } of views) {
    const why = problems.map(({ message }) => message).join('; ')
    if (!LIVE.has(stage)) options.note(`  example ${name} does not run (${stage})${why === '' ? '' : `: ${why}`}`)
  }
  writePrivate(marker, `${views.map(({ id, name }) => `${id} ${name}`).join('\n')}\n`)
}

/** The API places filters on shards it has heard of: all should have reported, or the first to do so would get every example. */
const awaitNodes = async (options: ExamplesOptions, signal: AbortSignal): Promise<void> => {
  const deadline = performance.now() + NODES_LIMIT_MS
  while (performance.now() < deadline) {
    const { items } = read(Nodes, await askApi(options, { method: 'GET', path: '/v1/nodes' }, signal))
    const isUp = items.filter(({ silentShards, reached }) => silentShards.length === 0 && reached === true)
    if (isUp.length >= options.nodes) return
    await sleep(PAUSE_MS, undefined, { signal })
  }
}

/** Its id, or undefined where the API refuses it, which the operator is told. */
const submit = async (options: ExamplesOptions, example: Example, signal: AbortSignal): Promise<string | undefined> => {
  const { name, stream, language, source } = example
  // The same key is the same filter, however often this is repeated.
  const headers = { 'idempotency-key': `example-${name}` }
  const body = { name, stream, language, source }
  const answer = await askApi(options, { method: 'POST', path: '/v1/filters', headers, body }, signal)
  if (answer.status < FIRST_FAULT) return read(View, answer).id
  options.note(`  example ${name} is left out: ${detailOf(answer)}`)
  return undefined
}

/** Their views when each runs or has ended; one that is not listed for a minute was deleted meanwhile. */
const awaitLive = async (
  options: ExamplesOptions,
  ids: ReadonlySet<string>,
  onProgress: () => void,
  signal: AbortSignal,
): Promise<readonly View[]> => {
  for (let [seen, seenMs] = ['', performance.now()]; ;) {
    const answer = await askApi(options, { method: 'GET', path: '/v1/filters?limit=100' }, signal)
    const ours = read(Views, answer).items.filter(({ id }) => ids.has(id))
    const isWhole = ours.length === ids.size || performance.now() - seenMs > QUIET_MS
    if (isWhole && ours.every(({ stage }) => LIVE.has(stage) || ENDED.has(stage))) return ours
    const stages = ours.map(({ id, stage }) => `${id} ${stage}`).join()
    if (stages !== seen) {
      onProgress()
      seen = stages
      seenMs = performance.now()
    }
    await sleep(PAUSE_MS, undefined, { signal })
  }
}

const read = <S extends TSchema>(schema: S, answer: Answer): Static<S> => {
  const body = parse(answer.text)
  if (answer.status < FIRST_FAULT && Value.Check(schema, body)) return body
  throw new RangeError(`the API answered with ${answer.status}: ${detailOf(answer)}`)
}

/** A problem document's own words. */
const detailOf = ({ text }: Answer): string => {
  const body = parse(text)
  return Value.Check(Problem, body) ? body.detail : text.slice(0, 500)
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
