// What nodes report in skysieve.status, as far as it is believed. Every node's user may write any key of that topic; of a filter only what comes from
// the node that it is placed on, or that it moves between, changes anything.
// In: the replayed reports and manifests. Out: the newest believed report of each filter, shard and upstream.
import { type ControlChange } from '#hub'
import { type Manifest } from '#filters'
import { type Log } from './control-state.ts'
import { type FilterStatus, type StatusValue } from './status-records.ts'

/** Far more than a node may have. */
const MAX_SHARDS = 64

/** A replayed topic that says what changes. */
export interface FollowedLog<T> extends Log<T> {
  onChange(listener: (change: Pick<ControlChange<T>, 'key'>) => void): unknown
}

/** The reports of `status` that are believed, by the same keys. */
export function openBelievedReports(
  status: FollowedLog<StatusValue>,
  manifests: FollowedLog<Manifest>,
): Log<StatusValue> {
  const believed = new Map<string, FilterStatus>()

  /** A report may come before the manifest that makes it believed, so both are looked at when either changes. */
  const look = (filter: string): void => {
    const manifest = manifests.get(filter)
    const report = status.get(filter)
    if (manifest === undefined) believed.delete(filter)
    else if (report === undefined) {
      // Nodes take away only the reports of filters that are deleted.
      if (manifest.state === 'deleted') believed.delete(filter)
    } else if ('filter' in report && report.filter === filter && isFromItsNode(manifest, report))
      believed.set(filter, report)
  }

  status.onChange(({ key }) => look(key))
  manifests.onChange(({ key }) => look(key))
  for (const [key] of status.entries()) look(key)

  const get = (key: string): StatusValue | undefined => {
    const report = status.get(key)
    return report !== undefined && isUnderOwnKey(key, report) ? report : believed.get(key)
  }
  return {
    get,
    *entries() {
      for (const [key, report] of status.entries()) if (isUnderOwnKey(key, report)) yield [key, report]
      yield* believed
    },
  }
}

const isFromItsNode = ({ placement, moving, handover }: Manifest, { mirror }: FilterStatus): boolean =>
  [placement?.mirror, moving?.to.mirror, handover?.from.mirror].includes(mirror)

/** A report of a shard or of an upstream that says what its key does. */
function isUnderOwnKey(key: string, report: StatusValue): boolean {
  if ('filter' in report) return false
  if ('upstream' in report) return key === `upstream/${report.upstream}`
  const { mirror, shard, shards } = report
  return key === `node/${mirror}/${shard}` && shards <= MAX_SHARDS && shard < shards
}
