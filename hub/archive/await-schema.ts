// The archiver's schemas by id. An unknown id makes its packet wait while it is looked up again, for a bounded time and once, not for each packet.
import { setTimeout as sleep } from 'node:timers/promises'
import { type AvroSchema } from '../avro/node.ts'
import { type SchemaStore } from '../registry/schema-store.ts'

export interface AwaitSchemaOptions {
  readonly schemas: Pick<SchemaStore, 'get'>
  /** How long a packet ahead of its schema waits. */
  readonly waitMs: number
  readonly signal: AbortSignal
}

const PAUSE_MS = 200
/** For this long an id that was not found is not waited for again. */
const UNKNOWN_MS = 60_000

/** Answers a schema at once where it is known; else after a bounded search, undefined when there is none. */
export const awaitSchemas = ({ schemas, waitMs, signal }: AwaitSchemaOptions) => {
  const known = new Map<number, AvroSchema>()
  const searching = new Map<number, Promise<AvroSchema | undefined>>()
  const unknownUntilMs = new Map<number, number>()

  const search = async (id: number): Promise<AvroSchema | undefined> => {
    const isRemembered = performance.now() < (unknownUntilMs.get(id) ?? 0)
    const deadlineMs = isRemembered ? 0 : performance.now() + waitMs
    for (;;) {
      // A broker that does not answer has not said that there is none.
      const found = await schemas.get(id).catch(() => 'no answer' as const)
      if (typeof found === 'object') {
        known.set(id, found)
        return found
      }
      signal.throwIfAborted()
      if (found === undefined && performance.now() >= deadlineMs) {
        if (!isRemembered) unknownUntilMs.set(id, performance.now() + UNKNOWN_MS)
        return undefined
      }
      await sleep(PAUSE_MS, undefined, { signal })
    }
  }

  return (id: number): AvroSchema | undefined | Promise<AvroSchema | undefined> => {
    const found = known.get(id)
    if (found !== undefined) return found
    const running = searching.get(id) ?? search(id).finally(() => searching.delete(id))
    searching.set(id, running)
    return running
  }
}
