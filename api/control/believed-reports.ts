// What nodes report of themselves and of their filters, as far as it is believed: each in its own topic, which the hub lets nobody else write. Nodes of former
// versions share one topic, whose keys any of them may write; it is believed of a node that says nothing in a topic of its own.
// In: the replayed reports and manifests. Out: the newest believed report of each filter, shard and upstream.
import { type ControlChange } from '#hub'
import { type Manifest } from '#filters'
import { type Log } from './control-state.ts'
import { type FilterStatus, type ShardStatus, type StatusValue } from './status-records.ts'

/** Far more than a node may have. */
const MAX_SHARDS = 64

/** A replayed topic that says what changes. */
export interface FollowedLog<T> extends Log<T> {
  onChange(listener: (change: Pick<ControlChange<T>, 'key'>) => void): unknown
}

/** The topics of nodes that have one. */
export interface OwnReports {
  nodes(): Iterable<string>
  of(node: string): Log<StatusValue> | undefined
  /** Whether all that it has said is in `of`: its topic is read, or it has none. */
  isRead(node: string): boolean
  /** Calls `listener` with each key of which any node says something else, also because its topic came or went. */
  onChange(listener: (key: string) => void): unknown
}

export interface BelievedReports extends Log<StatusValue> {
  /** Whether a node says how it is in a topic of its own. */
  isOwn(node: string): boolean
  /** Keys of the shared topic that are under the name of a node which says so in its own: nobody believes them. */
  leftOver(): string[]
}

/** The reports that are believed, by their keys; `shared` is the topic of upstreams and of nodes that have none of their own. */
export function openBelievedReports(
  shared: FollowedLog<StatusValue>,
  own: OwnReports,
  manifests: FollowedLog<Manifest>,
): BelievedReports {
  const believed = new Map<string, FilterStatus>()

  const isOwn = (node: string): boolean => shardsOf(node, own.of(node)).next().done !== true
  /** What there is of a filter where its node reports. */
  const reported = (node: string, filter: string): StatusValue | undefined =>
    own.of(node)?.get(filter) ?? (isOwn(node) ? undefined : shared.get(filter))

  /** A report may come before the manifest that makes it believed, so both are looked at when either changes. The last believed one stays. */
  const look = (filter: string): void => {
    const manifest = manifests.get(filter)
    const nodes = manifest === undefined ? [] : nodesOf(manifest)
    const report = nodes.map(node => isOf(node, filter, reported(node, filter))).find(one => one !== undefined)
    if (report !== undefined) believed.set(filter, report)
    // Nodes take away only the reports of filters that are deleted, or not theirs any more.
    else if (manifest === undefined) believed.delete(filter)
    else if (
      manifest.state === 'deleted' &&
      nodes.every(node => own.isRead(node) && reported(node, filter) === undefined)
    )
      believed.delete(filter)
  }

  own.onChange(look)
  shared.onChange(({ key }) => look(key))
  manifests.onChange(({ key }) => look(key))
  for (const [filter] of manifests.entries()) look(filter)

  function* entries(): Generator<readonly [string, StatusValue]> {
    for (const node of own.nodes()) yield* shardsOf(node, own.of(node))
    for (const [key, report] of shared.entries())
      if (isUnderOwnKey(key, report) && !('shard' in report && isOwn(report.mirror))) yield [key, report]
    yield* believed
  }
  return {
    isOwn,
    leftOver: () => [...shared.entries()].flatMap(([key, one]) => ('mirror' in one && isOwn(one.mirror) ? key : [])),
    // A filter's id has no stroke.
    get: key => (key.includes('/') ? entries().find(([other]) => other === key)?.[1] : believed.get(key)),
    entries,
  }
}

/** Nodes that may speak of a filter, the one first where it is; of one that is deleted only that. */
const nodesOf = ({ state, placement, moving, handover }: Manifest): string[] =>
  [placement, ...(state === 'deleted' ? [] : [moving?.to, handover?.from])].flatMap(place => place?.mirror ?? [])

const isOf = (node: string, filter: string, report: StatusValue | undefined): FilterStatus | undefined =>
  report !== undefined && 'filter' in report && report.filter === filter && report.mirror === node ? report : undefined

/** What a node's shards report in its own topic. */
function* shardsOf(node: string, log: Log<StatusValue> | undefined): Generator<readonly [string, ShardStatus]> {
  for (let shard = 0, shards = log === undefined ? 0 : MAX_SHARDS; shard < shards; shard++) {
    const key = `node/${node}/${shard}`
    const report = log?.get(key)
    if (report === undefined || !('shards' in report) || !isUnderOwnKey(key, report)) continue
    shards = report.shards
    yield [key, report]
  }
}

/** A report of a shard or of an upstream that says what its key does. */
function isUnderOwnKey(key: string, report: StatusValue): boolean {
  if ('filter' in report) return false
  if ('upstream' in report) return key === `upstream/${report.upstream}`
  const { mirror, shard, shards } = report
  return key === `node/${mirror}/${shard}` && shards <= MAX_SHARDS && shard < shards
}
