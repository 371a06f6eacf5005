// Which topics a caller may read, and on which broker each lies: deliveries of own filters on mirrors, full streams on the hub.
import { STREAMS } from '#hub'
import { type Manifest, topicOfFilter } from '#filters'
import { type Caller, mayTouch } from '../accounts/caller.ts'
import { ApiError } from '../errors.ts'
import { type Books } from '../control/books.ts'

/** The name under which the hub's broker is known; no mirror may have it. */
export const HUB = 'hub'

export interface ReadableTopic {
  readonly name: string
  readonly kind: 'filter' | 'stream'
  /** Id of the filter, or name of the stream. */
  readonly of: string
  /** Undefined while the filter has no mirror yet. */
  readonly broker: string | undefined
}

const ofFilter = ({ id, placement }: Manifest): ReadableTopic => ({
  name: topicOfFilter(id),
  kind: 'filter',
  of: id,
  broker: placement?.mirror,
})

/** Streams first, then filters from oldest to newest. */
export function readableTopics(books: Books, caller: Caller, everyones = false): ReadableTopic[] {
  const full = caller.isAdmin || caller.scopes.includes('stream:full')
  const streams = full
    ? Object.values(STREAMS).map(({ name, topic }): ReadableTopic => ({
        name: topic,
        kind: 'stream',
        of: name,
        broker: HUB,
      }))
    : []
  const filters = books
    .filters()
    .filter(
      ({ state, owner }) => state !== 'deleted' && (owner === caller.account || (everyones && mayTouch(caller, owner))),
    )
  return [...streams, ...filters.map(ofFilter)]
}

/** @throws ApiError API_TOPIC_UNKNOWN */
export function readableTopic(books: Books, caller: Caller, name: string): ReadableTopic {
  const topic = readableTopics(books, caller, true).find(topic => topic.name === name)
  if (topic) return topic
  const message = `There is no topic “${name}” that you may read. GET /v1/topics lists them; a full stream needs the scope stream:full.`
  throw new ApiError('API_TOPIC_UNKNOWN', message)
}
