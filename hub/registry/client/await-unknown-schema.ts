// Packets with a schema id that is not known yet. In: an id. Out: its schema, at once where it is known. Otherwise the packet waits here while the id is
// looked up again every 200 ms, for as long as waiting-budget.ts allows; then there is no schema, and the packet is a dead letter.
import { setTimeout as sleep } from 'node:timers/promises'
import { type AvroSchema } from '../../avro/schema/node.ts'
import { HubError } from '../../errors.ts'
import { type SchemaStore } from './schemas-from-topic.ts'
import { WaitingBudget } from './waiting-budget.ts'

export interface AwaitSchemaOptions {
  readonly schemas: Pick<SchemaStore, 'get'>
  /** A second place to ask, e.g. the hub's registry; its failures are ignored. */
  readonly fallback?: (id: number) => Promise<AvroSchema | undefined>
  /** How long packets wait for schemas, all together; it comes back with time. */
  readonly waitMs: number
  readonly signal: AbortSignal
}

/** The schema at once where it is known; else after a bounded search, and undefined where there is none. */
export type SchemaOf = (id: number) => AvroSchema | undefined | Promise<AvroSchema | undefined>

const PAUSE_MS = 200
/** For this long an id that was not found is not waited for again. */
const UNKNOWN_MS = 60_000
/** For this long it is not even looked up: a stream may have nothing but packets of that id. */
const JUST_ASKED_MS = 100
/** Ids that were not found and are remembered; one that was forgotten is waited for again. */
const MAX_UNKNOWN = 1000

interface Unknown {
  readonly untilMs: number
  readonly askedMs: number
}

/** Whether the schema is there and cannot be used. Errors of our own code, e.g. for a text nested deeper than the stack, count too: they do not mean that the broker is away. */
const isUnusable = (error: unknown): boolean =>
  error instanceof HubError
    ? error.code === 'HUB_SCHEMA_INVALID'
    : error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError

export const awaitSchemas = ({ schemas, fallback, waitMs, signal }: AwaitSchemaOptions): SchemaOf => {
  const budget = new WaitingBudget(waitMs, performance.now())
  const known = new Map<number, AvroSchema>()
  const searching = new Map<number, Promise<AvroSchema | undefined>>()
  const unknown = new Map<number, Unknown>()

  const remember = (id: number, untilMs: number): void => {
    unknown.delete(id)
    unknown.set(id, { untilMs, askedMs: performance.now() })
    for (const oldest of unknown.keys()) {
      if (unknown.size <= MAX_UNKNOWN) break
      unknown.delete(oldest)
    }
  }

  /** Where the first place has none the second is asked, for as long as there is time to wait. */
  const lookUp = async (id: number): Promise<AvroSchema | 'none' | 'unusable' | 'no answer'> => {
    try {
      const found = await schemas.get(id)
      if (found !== undefined || fallback === undefined) return found ?? 'none'
    } catch (error) {
      return isUnusable(error) ? 'unusable' : 'no answer'
    }
    const leftMs = budget.leftMs(performance.now())
    if (leftMs === 0) return 'none'
    const late = new AbortController()
    try {
      const none = sleep(leftMs, undefined, { signal: late.signal }).catch(() => undefined)
      return (await Promise.race([fallback(id).catch(() => undefined), none])) ?? 'none'
    } finally {
      late.abort()
    }
  }

  const search = async (id: number): Promise<AvroSchema | undefined> => {
    const before = unknown.get(id)
    const isRemembered = before !== undefined && performance.now() < before.untilMs
    if (isRemembered && performance.now() - before.askedMs < JUST_ASKED_MS) return undefined
    let wasInVain = true
    budget.begin(performance.now())
    try {
      for (;;) {
        const found = await lookUp(id)
        if (typeof found === 'object') {
          known.set(id, found)
          unknown.delete(id)
          wasInVain = isRemembered
          return found
        }
        signal.throwIfAborted()
        const isOver = isRemembered || budget.leftMs(performance.now()) === 0
        // A broker that does not answer has not said that there is none.
        if (found === 'unusable' || (found === 'none' && isOver)) {
          remember(id, isRemembered ? before.untilMs : performance.now() + UNKNOWN_MS)
          return undefined
        }
        await sleep(PAUSE_MS, undefined, { signal })
      }
    } finally {
      budget.end(performance.now(), wasInVain)
    }
  }

  return id => {
    const found = known.get(id)
    if (found !== undefined) return found
    const running = searching.get(id) ?? search(id).finally(() => searching.delete(id))
    searching.set(id, running)
    return running
  }
}
