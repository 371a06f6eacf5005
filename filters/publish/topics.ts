// The topics a worker writes on its node, besides those of the filters.

export const DEAD_LETTERS_TOPIC = 'skysieve.dead-letters'
export const OVER_CAP_TOPIC = 'skysieve.over-cap'
export const LOGS_TOPIC = 'skysieve.logs'
/** One partition per shard, fixed when the mirror is made; the group protocol hands them out. */
export const SHARDS_TOPIC = 'skysieve.shards'
/** On the hub: what a filter's node last reported. */
export const STATUS_TOPIC = 'skysieve.status'
