// Which topics a caller may read, and on which broker each lies: deliveries of own filters on mirrors; full streams and other topics on the hub.
import { HUB_DEAD_LETTERS, noticesTopic, STREAMS } from '#hub'
import { DEAD_LETTERS_TOPIC, type Manifest, topicOfFilter } from '#filters'
import { type Caller, mayTouch } from '../accounts/caller.ts'
import { ApiError } from '../errors.ts'
import { type ControlState } from '../control/control-state.ts'
import { topicsOf } from './subscriber-acls.ts'
import { HUB } from '../brokers/brokers.ts'

export interface ReadableTopic {
  readonly name: string
  /** `topic`: one of the hub's that was made or granted through the API. */
  readonly kind: 'filter' | 'stream' | 'topic'
  /** Id of the filter, or name of the stream or topic. */
  readonly of: string
  /** Undefined while the filter has no mirror yet. */
  readonly broker: string | undefined
  /** Where earlier deliveries of a filter that has moved can be read, the newest first. */
  readonly earlier?: readonly EarlierBroker[]
}

interface EarlierBroker {
  readonly broker: string
  readonly until: string
}

const ofFilter = ({ id, placement, formerly = [] }: Manifest): ReadableTopic => ({
  name: topicOfFilter(id),
  kind: 'filter',
  of: id,
  broker: placement?.mirror,
  earlier: formerly.map(({ mirror: broker, until }) => ({ broker, until })),
})

const ofHub = (name: string): ReadableTopic => {
  const stream = Object.values(STREAMS).find(({ topic }) => topic === name)
  return { name, kind: stream ? 'stream' : 'topic', of: stream?.name ?? name, broker: HUB }
}

/** The hub's topics a caller may read: an administrator all streams with their notices, dead letters, and all that were made, others what their account may and the token's scopes allow. */
function hubTopics(controlState: ControlState, caller: Caller): string[] {
  const streams = Object.values(STREAMS).map(({ topic }) => topic)
  if (caller.isAdmin) {
    const notices = Object.keys(STREAMS).map(noticesTopic)
    return [...streams, ...notices, HUB_DEAD_LETTERS, ...controlState.topics().map(({ name }) => name)]
  }
  const account = controlState.account(caller.account)
  return account ? [...topicsOf(controlState, { ...account, scopes: [...caller.scopes] }).keys()] : []
}

/** Each mirror has dead letters of its own, under one name. */
const deadLettersOf = (controlState: ControlState): ReadableTopic[] =>
  [...new Set(controlState.shards().map(({ mirror }) => mirror))].map(mirror => ({
    name: DEAD_LETTERS_TOPIC,
    kind: 'topic',
    of: DEAD_LETTERS_TOPIC,
    broker: mirror,
  }))

/** Streams and topics of the hub first, then filters from oldest to newest. */
export function readableTopics(controlState: ControlState, caller: Caller, everyones = false): ReadableTopic[] {
  const mayFilters = caller.isAdmin || caller.scopes.includes('filters:read') || caller.scopes.includes('filters:write')
  const filters = mayFilters
    ? controlState
        .filters()
        .filter(
          ({ state, owner }) =>
            state !== 'deleted' && (owner === caller.account || (everyones && mayTouch(caller, owner))),
        )
    : []
  const letters = caller.isAdmin ? deadLettersOf(controlState) : []
  return [...hubTopics(controlState, caller).map(ofHub), ...letters, ...filters.map(ofFilter)]
}

/** The topic of that name; on that mirror, where several have one. Throws ApiError API_TOPIC_UNKNOWN. */
export function readableTopic(
  controlState: ControlState,
  caller: Caller,
  name: string,
  mirror?: string,
): ReadableTopic {
  const topic = readableTopics(controlState, caller, true).find(
    topic => topic.name === name && (mirror === undefined || topic.broker === mirror),
  )
  if (topic) return topic
  const where = mirror === undefined ? '' : ` on a node “${mirror}”`
  const message = `There is no topic “${name}”${where} that you may read. GET /v1/topics lists them; a full stream needs the scope stream:full.`
  throw new ApiError('API_TOPIC_UNKNOWN', message)
}
