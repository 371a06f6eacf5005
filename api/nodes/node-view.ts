// Mirror nodes as people see them: what each shall be by its record, and what it is by the reports of its shards, put together.
import { Type, type Static, type TSchema } from 'typebox'
import { type Manifest } from '#filters'
import {
  type NodeCell,
  NodeLabels,
  NodeLimits,
  NodeMachine,
  type NodeRecord,
  NodeState,
} from '../control/node-records.ts'
import { Gap, MachineStatus, MirrorLag, type ShardStatus } from '../control/status-records.ts'
import { isSilent } from '../control/silence.ts'
import { DrainView } from '../placement/drain-view.ts'
import { placedByNode } from './node-changes.ts'

const DAY_MS = 86_400_000
const Time = Type.String({ format: 'date-time' })
const orNull = <T extends TSchema>(schema: T, description: string) => Type.Union([schema, Type.Null()], { description })

/** Of a cell. */
const MachineView = Type.Object({
  machine: Type.Integer({ description: '1 to 3' }),
  state: Type.Enum(['expected', 'up', 'silent'], {
    description: 'expected until one has joined for this place; silent while no shard reports from there',
  }),
  host: orNull(Type.String(), 'where clients and the others reach it; null before one has joined'),
  shards: Type.Array(Type.Integer(), { description: 'that run there' }),
  tokenExpiresAt: Type.Optional(Type.String({ description: 'until when one can join for this place' })),
  joinedAt: Type.Optional(Time),
  joinedAs: Type.Optional(NodeMachine),
})
type MachineView = Static<typeof MachineView>

export const NodeView = Type.Object({
  mirror: Type.String({ description: 'its name' }),
  state: orNull(NodeState, 'what an administrator wants of it; null for one that reports and was never added'),
  shards: Type.Integer({ description: 'how many it has; 0 before it has joined' }),
  silentShards: Type.Array(Type.Integer(), { description: 'those that have not reported for a minute, or never' }),
  silent: Type.Boolean({ description: 'whether all of its shards are silent' }),
  filters: Type.Integer({ description: 'filters that run there' }),
  placed: Type.Integer({ description: 'filters that are to run there' }),
  lagAlerts: Type.Number(),
  gaps: Type.Array(Gap, { description: 'alerts that were gone before they could be evaluated, newest last' }),
  updatedAt: orNull(Type.String(), 'when a shard last reported; null before the first did'),
  bootstrap: orNull(Type.String(), 'where subscribers reach its broker; null before it has joined'),
  reached: orNull(
    Type.Boolean(),
    'whether the API has logged in to its broker, which it must before filters are placed there',
  ),
  certificate: Type.Optional(
    Type.Object(
      {
        until: Type.String({ format: 'date' }),
        days: Type.Integer({ description: 'how many are left; below 0 it is over' }),
      },
      { description: 'of its broker, the newest that it was given' },
    ),
  ),
  why: Type.Optional(Type.String({ description: 'why it has not' })),
  drain: Type.Optional(DrainView),
  labels: NodeLabels,
  limits: NodeLimits,
  joinedAs: Type.Optional(NodeMachine),
  machine: Type.Optional(MachineStatus),
  machines: Type.Optional(
    Type.Array(MachineView, { description: 'of a cell, which is three that stand in for each other' }),
  ),
  mirrorLag: Type.Optional(MirrorLag),
  tokenExpiresAt: Type.Optional(Type.String({ description: 'until when a node that is expected can join' })),
  createdAt: Type.Optional(Time),
  joinedAt: Type.Optional(Time),
})
export type NodeView = Static<typeof NodeView>

/** What a view is made of. */
export interface KnownOfNodes {
  readonly nodes: readonly NodeRecord[]
  readonly reports: readonly ShardStatus[]
  readonly manifests: readonly Manifest[]
  /** Where a node's broker is, if the API serves it. */
  readonly addressOf: (node: string) => string | undefined
  /** How far a node is that gives its filters away. */
  readonly drainOf: (node: string) => DrainView
}

/** One for each node that has a record or has reported, by name. */
export function nodeViews({ nodes, reports, manifests, addressOf, drainOf }: KnownOfNodes, nowMs: number): NodeView[] {
  const records = new Map(nodes.map(record => [record.name, record]))
  const byMirror = Map.groupBy(reports, ({ mirror }) => mirror)
  const names = [...new Set([...records.keys(), ...byMirror.keys()])]
  const placed = placedByNode(manifests)
  return names
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map(mirror => {
      const record = records.get(mirror)
      const own = byMirror.get(mirror) ?? []
      return {
        mirror,
        state: record?.state ?? null,
        ...reported(own, record?.shards ?? 0, nowMs),
        placed: placed.get(mirror) ?? 0,
        bootstrap: addressOf(mirror) ?? null,
        ...(record?.state === 'draining' ? { drain: drainOf(mirror) } : {}),
        ...recorded(record, nowMs),
        ...(record?.cell === undefined ? {} : { machines: machinesOf(record.cell, own, nowMs) }),
      }
    })
}

/** What its shards say; `atLeast` is how many it has by its record. */
function reported(own: readonly ShardStatus[], atLeast: number, nowMs: number) {
  const updatedAt =
    own
      .map(report => report.updatedAt)
      .toSorted()
      .at(-1) ?? null
  const newest = own.find(report => report.updatedAt === updatedAt)
  const shards = newest?.shards ?? atLeast
  const heard = new Set(own.flatMap(({ shard, updatedAt }) => (isSilent(Date.parse(updatedAt), nowMs) ? [] : shard)))
  return {
    shards,
    silentShards: Array.from({ length: shards }, (_, shard) => shard).filter(shard => !heard.has(shard)),
    silent: heard.size === 0,
    filters: sum(own.map(({ filters }) => filters)),
    lagAlerts: sum(own.map(({ lagAlerts }) => lagAlerts)),
    gaps: own.flatMap(({ gaps }) => gaps ?? []).toSorted((a, b) => a.at.localeCompare(b.at)),
    updatedAt,
    ...(newest?.machine === undefined ? {} : { machine: newest.machine }),
    ...(newest?.mirrorLag === undefined ? {} : { mirrorLag: newest.mirrorLag }),
  }
}

/** The machines of a cell, by number. */
function machinesOf({ machines }: NodeCell, reports: readonly ShardStatus[], nowMs: number): MachineView[] {
  return machines.map(({ machine, invitation, host, facts, joinedAt }) => {
    const shards = reports
      .filter(report => report.machine?.number === machine && !isSilent(Date.parse(report.updatedAt), nowMs))
      .map(({ shard }) => shard)
    const isExpected = invitation.usedBy === undefined
    return {
      machine,
      state: isExpected ? 'expected' : shards.length > 0 ? 'up' : 'silent',
      host: host ?? null,
      shards,
      ...(isExpected ? { tokenExpiresAt: invitation.expiresAt } : {}),
      ...(joinedAt === undefined ? {} : { joinedAt }),
      ...(facts === undefined ? {} : { joinedAs: facts }),
    }
  })
}

/** Whole days until the end of a day. */
const daysLeft = (until: string, nowMs: number): number => Math.floor((Date.parse(until) + DAY_MS - nowMs) / DAY_MS)

function recorded(record: NodeRecord | undefined, nowMs: number) {
  if (record === undefined) return { reached: null, labels: {}, limits: {} }
  const { state, labels, limits, machine, reachedAt, unreached, invitation, createdAt, joinedAt } = record
  const { certificateUntil: until } = record
  return {
    reached: joinedAt === undefined ? null : reachedAt !== undefined,
    ...(unreached === undefined ? {} : { why: unreached }),
    ...(until === undefined ? {} : { certificate: { until, days: daysLeft(until, nowMs) } }),
    labels,
    limits,
    ...(machine === undefined ? {} : { joinedAs: machine }),
    ...(state === 'expected' && invitation !== undefined ? { tokenExpiresAt: invitation.expiresAt } : {}),
    createdAt,
    ...(joinedAt === undefined ? {} : { joinedAt }),
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
