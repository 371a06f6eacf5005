// Schemas that come inside of packets, and the ids that the hub's registry gives them. Each text is parsed and registered once.
import { parseSchema, type AvroSchema } from '../avro/schema/parse-schema.ts'
import { HubError } from '../errors.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RegistryClient } from '../registry/client/registry-client.ts'

/** Texts that are remembered: a survey has a few. The one used longest ago is forgotten first. */
const MAX_KEPT = 64
/** Registrations of an upstream in an hour: a stream in which every packet has another schema must not fill the registry. */
const MAX_NEW = 200
const HOUR_MS = 3_600_000
const PAUSE_MS = 1000
/** A schema that the registry refuses for so long is refused for good: nothing about it changes by itself. */
const REFUSED_MS = 10_000

export interface EmbeddedSchemas {
  /** Throws HubError HUB_SCHEMA_INVALID. */
  parse: (schemaJson: string) => AvroSchema
  /**
   * The id of a schema in the hub's registry; waits for a registry that does not answer. Throws HubError HUB_REGISTRY_REFUSED where it refuses the
   * schema, or the upstream has brought too many of them, and the signal's reason.
   */
  idOf: (schemaJson: string) => Promise<number>
}

export interface EmbeddedOptions {
  readonly registry: Pick<RegistryClient, 'register'>
  readonly subject: string
  /** Why packets wait; undefined when they go on. */
  readonly onProblem: (problem: string | undefined) => void
  /** A schema was seen for the first time since the start. */
  readonly onTaken: (id: number) => void
  readonly signal: AbortSignal
  /** Milliseconds; a test's clock. */
  readonly now?: () => number
}

interface Kept {
  readonly schema: AvroSchema
  id?: number
  /** It was refused at this time. */
  refused?: { readonly error: HubError; readonly atMs: number }
}

export const openEmbeddedSchemas = (options: EmbeddedOptions): EmbeddedSchemas => {
  const { registry, subject, onProblem, onTaken, signal, now = () => performance.now() } = options
  const kept = new Map<string, Kept>()
  let newAtMs: number[] = []

  const keep = (schemaJson: string): Kept => {
    const one = kept.get(schemaJson) ?? { schema: parseSchema(schemaJson) }
    kept.delete(schemaJson)
    kept.set(schemaJson, one)
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_KEPT) break
      kept.delete(oldest)
    }
    return one
  }

  const demandRoom = (): void => {
    newAtMs = newAtMs.filter(atMs => now() - atMs < HOUR_MS)
    if (newAtMs.length < MAX_NEW) return
    throw new HubError(
      'HUB_REGISTRY_REFUSED',
      `More than ${MAX_NEW} schemas came in packets within an hour; a survey has a few, so its producer seems to make one for each packet`,
    )
  }

  const register = async (schemaJson: string): Promise<number> => {
    for (const beganMs = now(); ;) {
      try {
        return await registry.register(subject, schemaJson)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof HubError)) throw error
        if (error.code !== 'HUB_REGISTRY_UNREACHABLE' && now() - beganMs >= REFUSED_MS) throw error
        onProblem(`a schema that came in a packet: ${error.message}`)
      }
      await sleep(PAUSE_MS, undefined, { signal })
    }
  }

  return {
    parse: schemaJson => keep(schemaJson).schema,
    idOf: async schemaJson => {
      const one = keep(schemaJson)
      if (one.id !== undefined) return one.id
      if (one.refused !== undefined && now() - one.refused.atMs < HOUR_MS / 60) throw one.refused.error
      demandRoom()
      try {
        one.id = await register(schemaJson)
      } catch (error) {
        if (error instanceof HubError) one.refused = { error, atMs: now() }
        throw error
      } finally {
        onProblem(undefined)
      }
      newAtMs.push(now())
      onTaken(one.id)
      return one.id
    },
  }
}
