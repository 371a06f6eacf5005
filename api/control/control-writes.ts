// The one place the API changes its control topics: one piece of work at a time, by the instance that leads.
import { type Manifest, type SourceRecord } from '#filters'
import { type AccountsValue } from './account-records.ts'
import { type NodeRecord } from './node-records.ts'

/** What work writes with. Each call resolves once the record is committed and this instance's control state shows it. */
export interface RecordWriter {
  /** With the record of a source that it names, if that is new: both are there, or neither. */
  manifest(manifest: Manifest, source?: SourceRecord): Promise<void>
  /** The tombstones of sources that no manifest names. */
  forgetSources(keys: readonly string[]): Promise<void>
  /** The tombstone of a filter that every node has let go of. */
  forgetManifest(id: string): Promise<void>
  record(record: AccountsValue): Promise<void>
  forgetRecord(record: AccountsValue): Promise<void>
  node(record: NodeRecord): Promise<void>
  forgetNode(name: string): Promise<void>
  /** The tombstones of what a node reported that is gone; it must not be able to report any more. */
  forgetReports(keys: readonly string[]): Promise<void>
}

export interface ControlWrites {
  readonly isLeader: boolean
  /** Base address of the leading instance when that is another one. */
  leaderUrl(): Promise<string | undefined>
  /**
   * Runs `work` while nobody else writes; what it reads from the control state includes every earlier write.
   * @throws ApiError API_LEADER_MISSING when this instance does not lead within some seconds.
   */
  change<T>(work: (writer: RecordWriter) => Promise<T>): Promise<T>
}
