// A node as a person reads it: its state in a word or two, and all that is known of it, line by line.
import type { NodeView } from '../../../nodes/node-view.ts'

const GB = 1e9
const NAME_COLUMNS = 15

/** What is shown, and what is known of it. */
type Row = readonly [name: string, text: string | undefined]

/** What is heard of it: first what keeps filters away. */
function heard({ reached, silent, silentShards, updatedAt, machines }: NodeView): string {
  if (reached === false) return 'not reached'
  if (updatedAt === null) return 'not heard of'
  if (silent) return 'silent'
  if (silentShards.length > 0) return `shard ${silentShards.join(', ')} silent`
  const away = (machines ?? []).filter(({ state }) => state !== 'up').map(({ machine }) => machine)
  return away.length === 0 ? 'up' : `up without machine ${away.join(', ')}`
}

/** What is wanted of it, where that is not that it runs, and what is heard of it. */
export function nodeState(view: NodeView): string {
  const { state, machines = [] } = view
  const joined = machines.filter(({ host }) => host !== null).length
  if (state === 'expected' && joined > 0) return `expected, ${joined} of ${machines.length} have joined`
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

type Machine = NonNullable<NodeView['machines']>[number]

/** `up at far-1.example.org, shard 0 and 2, 8 cores`. */
function cellMachineText({ state, host, shards, tokenExpiresAt, joinedAs }: Machine): string {
  const runs = shards.length === 0 ? [] : [`shard ${shards.join(', ')}`]
  const can = tokenExpiresAt === undefined ? [] : [`can join until ${tokenExpiresAt}`]
  const has = joinedAs === undefined ? [] : [`${joinedAs.cores} cores`]
  return [`${state}${host === null ? '' : ` at ${host}`}`, ...runs, ...can, ...has].join(', ')
}

/** What its newest report says of its machine, and of what it does not say what was said when it joined. */
function machineRows({ machine, machines, joinedAs, mirrorLag }: NodeView): readonly Row[] {
  const version = machine?.version ?? joinedAs?.version
  const cores = machine?.cores ?? joinedAs?.cores
  const behind: Row = ['behind the hub', mirrorLag && `${mirrorLag.alerts} alerts, ${mirrorLag.seconds.toFixed(1)} s`]
  // The newest report is of any of three.
  if (machines !== undefined) return [behind, ['Skysieve', version]]
  return [
    behind,
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

/** It is renewed by itself long before: one that is not has a node or a hub that is away. */
const certificateText = ({ until, days }: NonNullable<NodeView['certificate']>): string =>
  days < 0
    ? `ended on ${until}: nobody connects. Its node renews it when it runs and reaches the hub’s API`
    : `${days} days left, until ${until}`

/** Lines of what is known, without those of which nothing is. */
export function nodeText(node: NodeView): string {
  const { gaps, why, tokenExpiresAt, joinedAt, updatedAt, bootstrap, certificate } = node
  const rows: readonly Row[] = [
    ['node', node.mirror],
    ['state', nodeState(node)],
    ['why', why],
    ['can join until', tokenExpiresAt],
    ['joined', joinedAt],
    ['reported', updatedAt ?? undefined],
    ['address', bootstrap ?? undefined],
    ['certificate', certificate && certificateText(certificate)],
    ['filters', `${limitText(node)} placed, ${node.filters} running`],
    ['shards', String(node.shards)],
    ['lag (alerts)', String(node.lagAlerts)],
    ['gaps', gaps.length === 0 ? undefined : `${gaps.length}: skysieve status`],
    ['labels', labelsText(node.labels) || undefined],
    ...(node.machines ?? []).map((one): Row => [`machine ${one.machine}`, cellMachineText(one)]),
    ...machineRows(node),
  ]
  return rows.flatMap(([name, text]) => (text === undefined ? [] : `${name.padEnd(NAME_COLUMNS)} ${text}`)).join('\n')
}
