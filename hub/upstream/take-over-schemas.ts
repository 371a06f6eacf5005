// Schemas of a survey by the ids that its packets name, put into the hub's registry under the same ids before the first packet that needs them goes on.
import { canonicalText, parseSchema, type AvroSchema } from '../avro/schema/parse-schema.ts'
import { HubError } from '../errors.ts'
import { awaitSchemas } from '../registry/client/await-unknown-schema.ts'
import { type RegistryClient } from '../registry/client/registry-client.ts'
import { type SurveyRegistry } from './survey-registry.ts'

/** A registry that failed is asked again after this time, though packets look every 200 ms. */
const PAUSE_MS = 1000
/** Then it is said that packets wait for an answer. */
const SLOW_MS = 3000

export interface TakeOverOptions {
  /** Undefined where the survey's registry is not known. */
  readonly survey: Pick<SurveyRegistry, 'find'> | undefined
  /** The hub's, for writing. */
  readonly registry: Pick<RegistryClient, 'find' | 'importSchema' | 'register'>
  /** Where clients look that name subjects after topics. */
  readonly subject: string
  /** How long packets wait for ids that nobody has, all together. */
  readonly waitMs: number
  /** Why packets wait, or what is wrong with a schema; undefined when they go on. */
  readonly onProblem: (problem: string | undefined) => void
  /** A schema came from the survey into the hub's registry. */
  readonly onTaken: (id: number) => void
  readonly signal: AbortSignal
}

/**
 * Answers a function that resolves when packets with these ids may go on: the hub's registry has them, or nobody has. While a registry does not
 * answer, or the two differ about an id, it waits, for as long as that lasts: the survey keeps its packets.
 */
export const openTakeOver = (options: TakeOverOptions): ((ids: Iterable<number>) => Promise<void>) => {
  const { survey, registry, subject, waitMs, onProblem, onTaken, signal } = options
  let failure: { readonly error: HubError; readonly untilMs: number } | undefined

  const takeOver = async (id: number): Promise<AvroSchema | undefined> => {
    const own = await registry.find(id)
    const theirs = await survey?.find(id).catch((error: unknown) => {
      // What the hub knows already need not wait for the survey.
      if (own !== undefined) return undefined
      throw error
    })
    if (theirs === undefined) return own === undefined ? undefined : parseSchema(own)
    const schema = parseSchema(theirs)
    if (own !== undefined && canonicalText(parseSchema(own)) !== canonicalText(schema))
      throw new HubError(
        'HUB_REGISTRY_REFUSED',
        `Schema ${id} of the survey is another one than schema ${id} of this hub, so its packets would be misread. Remove that one from the hub's registry, or give this survey a hub of its own (npm start -- --no-simulator --data-dir DIR)`,
      )
    if (own === undefined) {
      await registry.importSchema({ id, schemaJson: theirs })
      await registry.register(subject, theirs, id)
      onTaken(id)
    }
    return schema
  }

  const get = async (id: number): Promise<AvroSchema | undefined> => {
    if (failure !== undefined && performance.now() < failure.untilMs) throw failure.error
    failure = undefined
    const slow = setTimeout(() => onProblem(`schema ${id} was asked for, and a registry has not answered yet`), SLOW_MS)
    try {
      const schema = await takeOver(id)
      if (schema === undefined) onProblem(`schema ${id}, which a packet names, is in no registry`)
      return schema
    } catch (cause) {
      const error =
        cause instanceof HubError ? cause : new HubError('HUB_REGISTRY_UNREACHABLE', String(cause), { cause })
      onProblem(`schema ${id}: ${error.message}`)
      if (error.code !== 'HUB_SCHEMA_INVALID') failure = { error, untilMs: performance.now() + PAUSE_MS }
      throw error
    } finally {
      clearTimeout(slow)
    }
  }

  const schemaOf = awaitSchemas({ schemas: { get }, waitMs, signal })
  return async ids => {
    for (const id of ids) {
      const found = schemaOf(id)
      if (!(found instanceof Promise)) continue
      await found
      onProblem(undefined)
    }
  }
}
