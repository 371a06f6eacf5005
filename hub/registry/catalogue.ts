// The registry's memory and its pen: the shelf as `_schemas` has it, and decisions that are written to it one after another.
import { openControlLog } from '../control/control-log.ts'
import { type ControlWriter, openControlWriter } from '../control/control-writer.ts'
import { HubError } from '../errors.ts'
import { type BrokerAccess } from '../kafka/access.ts'
import { openQueue } from '../kafka/queue.ts'
import { type Decision } from './decisions.ts'
import { readFact, SCHEMAS_TOPIC } from './records.ts'
import { openShelf, type Shelf } from './shelf.ts'

export interface CatalogueOptions {
  readonly access: BrokerAccess
  readonly clientId: string
  readonly onProblem?: (problem: HubError) => void
}

export interface Catalogue {
  readonly shelf: Shelf
  /** Decides on the shelf as it is when all earlier decisions are written, and writes; the shelf shows it when this resolves. */
  decide: <T>(rule: (shelf: Shelf) => Decision<T>) => Promise<T>
  /** Resolves with the reason when another registry has taken over: this one must not answer any more. */
  readonly replaced: Promise<HubError>
  problem: () => string | undefined
  close: () => Promise<void>
}

/** Opens the catalogue; an earlier registry on the same topic cannot write any more when this returns. */
export const openCatalogue = async (options: CatalogueOptions): Promise<Catalogue> => {
  const { access, clientId } = options
  const shelf = openShelf()
  const writer: ControlWriter = await openControlWriter({
    access,
    clientId,
    transactionalId: `${access.user}.registry`,
  })
  const { promise: replaced, resolve: replace } = Promise.withResolvers<HubError>()
  const queue = openQueue()
  const log = await openControlLog({
    ...options,
    topic: SCHEMAS_TOPIC,
    parse: (value, key) => readFact(key, value.toString()),
    onChange: ({ key, value, previous }) => {
      if (value !== undefined) shelf.apply(value)
      else if (previous !== undefined) shelf.apply(readFact(key, undefined))
    },
  }).catch(async (error: unknown) => {
    await writer.close()
    throw error
  })

  return {
    shelf,
    decide: rule =>
      queue(async () => {
        const { records, answer } = rule(shelf)
        if (records.length === 0) return answer
        try {
          await writer.write(records.map(record => ({ topic: SCHEMAS_TOPIC, ...record })))
        } catch (error) {
          if (error instanceof HubError && error.code === 'HUB_FENCED') replace(error)
          throw error
        } finally {
          // Also where the fate of the write is unknown: the next decision is made on what the topic says.
          await log.catchUp().catch(() => undefined)
        }
        return answer
      }),
    replaced,
    problem: log.problem,
    close: async () => {
      await log.close()
      await writer.close()
    },
  }
}
