// What nodes report in skysieve.status, as the API reads it: records of other software versions are tolerated field by field.
import { Type, type Static } from 'typebox'

export const STATUS_TOPIC = 'skysieve.status'

export const VisitCounts = Type.Object({
  visit: Type.String(),
  seen: Type.Integer(),
  passed: Type.Integer(),
  delivered: Type.Integer(),
  overCap: Type.Integer(),
  errors: Type.Integer(),
})

/** Key: the filter's id. */
export const FilterStatus = Type.Object({
  filter: Type.String(),
  mirror: Type.String(),
  shard: Type.Integer(),
  state: Type.Union([
    Type.Literal('live'),
    Type.Literal('catching-up'),
    Type.Literal('paused'),
    Type.Literal('suspended'),
    Type.Literal('failed'),
  ]),
  version: Type.Integer(),
  generation: Type.Integer(),
  reason: Type.Optional(Type.String()),
  line: Type.Optional(Type.Integer()),
  column: Type.Optional(Type.Integer()),
  lane: Type.Optional(Type.String()),
  visits: Type.Array(VisitCounts),
  cpuMs: Type.Number(),
  updatedAt: Type.String(),
})
export type FilterStatus = Static<typeof FilterStatus>

/** Key: `node/<mirror>`. */
export const NodeStatus = Type.Object({
  mirror: Type.String(),
  shards: Type.Integer(),
  filters: Type.Integer(),
  lagAlerts: Type.Number(),
  updatedAt: Type.String(),
})
export type NodeStatus = Static<typeof NodeStatus>

export const StatusValue = Type.Union([FilterStatus, NodeStatus])
export type StatusValue = Static<typeof StatusValue>

export const nodeKey = (mirror: string): string => `node/${mirror}`
