// A node as a person reads it: its state in a word or two, and all that is known of it, line by line.
import type { NodeView } from '../../../nodes/node-view.ts'

const GB = 1e9
const NAME_COLUMNS = 15

/** What is shown, and what is known of it. */
type Row = readonly [name: string, text: string | undefined]

/** What is heard of it: first what keeps filters away. */
function heard({ reached, silent, silentShards, updatedAt }: NodeView): string {
  if (reached === false) return 'not reached'
  if (updatedAt === null) return 'not heard of'
  if (silent) return 'silent'
  return silentShards.length === 0 ? 'up' : `shard ${silentShards.join(', ')} silent`
}

/** What is wanted of it, where that is not that it runs, and what is heard of it. */
export function nodeState(view: NodeView): string {
  const { state } = view
  if (state === 'expected' || state === 'removing') return state
  return state === null || state === 'active' ? heard(view) : `${state}, ${heard(view)}`
}

export const labelsText = (labels: NodeView['labels']): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')

export const limitText = ({ placed, limits }: NodeView): string =>
  limits.filters === undefined ? String(placed) : `${placed} of ${limits.filters}`

/** `16 GB, 3 free`; undefined where the size is not known. */
const sizeText = (bytes: number | undefined, freeBytes: number | undefined): string | undefined => {
  if (bytes === undefined) return undefined
  const free = freeBytes === undefined ? '' : `, ${(freeBytes / GB).toFixed(1)} free`
  return `${(bytes / GB).toFixed(1)} GB${free}`
}

const usedText = (share: number | undefined): string =>
  share === undefined ? '' : `, ${(share * 100).toFixed(0)} % in use`

const clockText = (aheadMs: number): string =>
  `${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${aheadMs < 0 ? 'behind' : 'ahead of'} the hub's`

/** What its newest report says of its machine, and of what it does not say what was said when it joined. */
function machineRows({ machine, joinedAs, mirrorLag }: NodeView): readonly Row[] {
  const version = machine?.version ?? joinedAs?.version
  const cores = machine?.cores ?? joinedAs?.cores
  return [
    ['behind the hub', mirrorLag && `${mirrorLag.alerts} alerts, ${mirrorLag.seconds.toFixed(1)} s`],
    ['machine', machine?.name ?? joinedAs?.hostname],
    ['cores', cores === undefined ? undefined : `${cores}${usedText(machine?.cpuShare)}`],
    ['memory', sizeText(machine?.memoryBytes ?? joinedAs?.memoryBytes, machine?.memoryFreeBytes)],
    ['disk', sizeText(machine?.diskBytes ?? joinedAs?.diskBytes, machine?.diskFreeBytes)],
    ['clock', machine?.clockMs === undefined ? undefined : clockText(machine.clockMs)],
    ['Skysieve', version],
    ['Kafka', joinedAs?.kafkaVersion],
    ['languages', (machine?.languages ?? joinedAs?.languages)?.join(', ') || undefined],
  ]
}

/** Lines of what is known, without those of which nothing is. */
export function nodeText(node: NodeView): string {
  const { gaps, why, tokenExpiresAt, joinedAt, updatedAt, bootstrap } = node
  const rows: readonly Row[] = [
    ['node', node.mirror],
    ['state', nodeState(node)],
    ['why', why],
    ['can join until', tokenExpiresAt],
    ['joined', joinedAt],
    ['reported', updatedAt ?? undefined],
    ['address', bootstrap ?? undefined],
    ['filters', `${limitText(node)} placed, ${node.filters} running`],
    ['shards', String(node.shards)],
    ['lag (alerts)', String(node.lagAlerts)],
    ['gaps', gaps.length === 0 ? undefined : `${gaps.length}: skysieve status`],
    ['labels', labelsText(node.labels) || undefined],
    ...machineRows(node),
  ]
  return rows.flatMap(([name, text]) => (text === undefined ? [] : `${name.padEnd(NAME_COLUMNS)} ${text}`)).join('\n')
}
