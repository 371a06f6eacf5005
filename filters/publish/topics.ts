// The topics a worker writes on its node, besides those of the filters.

export const DEAD_LETTERS_TOPIC = 'skysieve.dead-letters'
export const OVER_CAP_TOPIC = 'skysieve.over-cap'
export const LOGS_TOPIC = 'skysieve.logs'
/** One partition per shard, fixed when the mirror is made; the group protocol hands them out. */
export const SHARDS_TOPIC = 'skysieve.shards'
/** On the hub: what upstreams report, and nodes that were not told of a topic of their own. */
export const STATUS_TOPIC = 'skysieve.status'
/** On the hub: what a node last reported of itself and of each of its filters. Only its own worker's user may write it, so nobody speaks for another. */
export const statusTopicOf = (mirror: string): string => `${STATUS_TOPIC}.${mirror}`
