// Where a shard is, to be compared with the placement that the API has put into a filter's manifest.
import { type Manifest } from '../manifest.ts'

export interface Place {
  readonly mirror: string
  readonly shard: number
  /** Streams that the mirror filters. */
  readonly streams: readonly string[]
}

/** Whether this is the place a manifest means. */
export const isAt = (place: Pick<Place, 'mirror' | 'shard'>, where: Manifest['placement'] | undefined): boolean =>
  where?.mirror === place.mirror && where.shard === place.shard
