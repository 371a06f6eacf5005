// How a worker learns that it is a zombie: another process has taken its shard over, say because this one slept longer than its session. The other one has opened
// a producer with the shard's transactional id (worker/incarnation.ts), so the broker refuses every transaction that this one still sends: the committer's, a
// restore's barrier. That refusal becomes FILTER_FENCED here; the shard then ends (worker/shard.ts) and its process with it (worker/open-worker.ts). Nothing that
// a zombie has evaluated meanwhile is seen by a read_committed reader.
import { HubError } from '#hub'
import { FilterError } from '../errors.ts'

/** FILTER_FENCED for the broker's refusal of a producer that has a successor; undefined for every other failure. */
export const fencedError = (cause: unknown): FilterError | undefined =>
  cause instanceof HubError && cause.code === 'HUB_FENCED'
    ? new FilterError('FILTER_FENCED', 'Another worker has taken this shard over; this one ends', { cause })
    : undefined
