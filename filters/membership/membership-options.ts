// What filter membership works with: the shard's state, its lanes, and what the node has of each filter.
import { type AvroSchema, type Stream } from '#hub'
import { type Limits, type Sandbox } from '#sandbox'
import { type Lanes } from '../lanes/lanes.ts'
import { type Manifest } from '../manifest.ts'
import { type ShardState } from '../progress/shard-state.ts'
import { type Committer } from '../publish/committer.ts'
import { type Place } from './place.ts'
import { type SourceLookup } from './source-lookup.ts'

export interface MembershipOptions {
  readonly place: Place
  readonly streams: readonly Stream[]
  readonly shardState: ShardState
  readonly committer: Committer
  readonly sandbox: Sandbox
  readonly lanes: () => Lanes
  readonly manifestOf: (filter: string) => Manifest | undefined
  readonly sources: SourceLookup
  readonly schemaOf: (stream: string, id: number) => AvroSchema | undefined | Promise<AvroSchema | undefined>
  readonly limits?: Limits
  /** Makes the filter's topic if it is missing, or says why it is not there, which stops that filter alone; or removes it. */
  readonly createTopic: (filter: string) => Promise<string | undefined>
  readonly deleteTopic: (filter: string) => Promise<void>
  /** Something about the filter is worth reporting; its state is committed. */
  readonly onChange: (filter: string) => void
  /** After this time a source that has not arrived is not expected any more; a minute by default. */
  readonly sourceLateMs?: number
  /** The filter waits, where it stands, for what it runs in or for its source; called once for each reason. */
  readonly onAway: (filter: string, reason: string) => void
  /** Versions of a stream's schema do not fit each other, or have fields that filters cannot read; each is told once. */
  readonly onSchemaProblem: (stream: string, schema: number, problem: string) => void
  /** What the shard has in memory is no longer sure. */
  readonly onFailure: (error: unknown) => void
}
