// From what processes took in runs of one, two and three nodes to what one alert costs, which is what the simulation begins with. Pure.
import { quantileOf } from '#hub'
import { type Measured } from './simulate.ts'

/** What a node took while alerts were played; CPU in seconds, memory at the end. */
export interface NodeUse {
  readonly filters: number
  readonly brokerCpu: number
  readonly mirrorCpu: number
  /** Of all shards, each with its isolate hosts. */
  readonly workerCpu: number
  readonly hostsCpu: number
  readonly kafkaBytes: number
  readonly workerBytes: number
}

/** One play of so many alerts on a platform. */
export interface Phase {
  readonly alerts: number
  readonly bytes: number
  /** Until the last node had evaluated the last alert. */
  readonly seconds: number
  /** Its broker and the process with registry and clock. */
  readonly hubCpu: number
  readonly nodes: readonly NodeUse[]
}

/** `stored`: as fast as the nodes take them; `live`: at the survey's pace. */
export interface Run {
  readonly stored: Phase
  readonly live: Phase
  readonly hopSeconds: number
}

export type ByNodes = Readonly<Record<string, number>>

interface Point {
  readonly x: number
  readonly y: number
}

const US = 1e6
const SHARDS = 1

export const median = (values: readonly number[]): number =>
  quantileOf(
    values.toSorted((a, b) => a - b),
    0.5,
  )
export const rounded = (value: number, digits = 3): number => Number(value.toPrecision(digits))
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const usPerAlert = ({ alerts }: Phase, cpu: number): number => (cpu * US) / alerts

/** Least squares; neither a fixed part nor a slope below nothing, as no part of a cost is. */
export function lineThrough(points: readonly Point[]): { readonly fixed: number; readonly slope: number } {
  const [meanX, meanY] = [mean(points.map(({ x }) => x)), mean(points.map(({ y }) => y))]
  const squares = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  if (squares === 0) throw new RangeError('A line needs two different places')
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / squares
  if (slope <= 0) return { fixed: meanY, slope: 0 }
  const fixed = meanY - slope * meanX
  if (fixed >= 0) return { fixed, slope }
  const products = points.reduce((sum, { x, y }) => sum + x * y, 0)
  return { fixed: 0, slope: products / points.reduce((sum, { x }) => sum + x * x, 0) }
}

/** The median of what runs with as many nodes gave. */
export const byNodes = (runs: readonly Run[], value: (run: Run) => number): ByNodes =>
  Object.fromEntries(
    [...Map.groupBy(runs, ({ live }) => live.nodes.length)]
      .toSorted(([a], [b]) => a - b)
      .map(([nodes, same]) => [String(nodes), rounded(median(same.map(value)))]),
  )

/** Alerts evaluated by all nodes together, each by its own filters. */
export const platformRate = ({ stored: { alerts, seconds, nodes } }: Run): number => (alerts * nodes.length) / seconds

/** The same for nodes that have so many cores each to themselves. */
export const rateOfOwnCores = ({ stored }: Run, cores: number): number => {
  const { alerts, nodes } = stored
  return nodes.reduce(
    (sum, { brokerCpu, mirrorCpu, workerCpu, hostsCpu }) =>
      sum + (cores * alerts) / (brokerCpu + mirrorCpu + workerCpu + hostsCpu),
    0,
  )
}

export const hubUsPerAlert = (phase: Phase): number => usPerAlert(phase, phase.hubCpu)

/** µs of CPU for each alert and node, by part. */
export const partsUsPerAlert = ({ live }: Run): Readonly<Record<string, number>> => {
  const part = (of: (node: NodeUse) => number): number => rounded(usPerAlert(live, mean(live.nodes.map(of))))
  return {
    hub: rounded(hubUsPerAlert(live)),
    mirrorMaker: part(({ mirrorCpu }) => mirrorCpu),
    nodeBroker: part(({ brokerCpu }) => brokerCpu),
    worker: part(({ workerCpu }) => workerCpu),
    hosts: part(({ hostsCpu }) => hostsCpu),
  }
}

/** Costs at the survey's pace. Needs runs with different numbers of nodes, and so of filters on a node. */
export function inputsOf(runs: readonly Run[], bytesPerAlert: number): Measured {
  const nodes = runs.flatMap(({ live }) => live.nodes.map(node => ({ live, ...node })))
  const hub = lineThrough(runs.map(({ live }) => ({ x: live.nodes.length, y: hubUsPerAlert(live) })))
  const filters = lineThrough(
    nodes.map(({ live, filters: x, workerCpu, hostsCpu }) => ({ x, y: usPerAlert(live, workerCpu + hostsCpu) })),
  )
  const memory = lineThrough(nodes.map(({ filters: x, workerBytes: y }) => ({ x, y })))
  return {
    bytesPerAlert: Math.round(bytesPerAlert),
    hubCpuUsPerAlert: rounded(hub.fixed),
    hubCpuUsPerAlertAndNode: rounded(hub.slope),
    nodeCpuUsPerAlert: rounded(
      median(nodes.map(({ live, brokerCpu, mirrorCpu }) => usPerAlert(live, brokerCpu + mirrorCpu))),
    ),
    shardCpuUsPerAlert: rounded(filters.fixed / SHARDS),
    cpuUsPerAlertAndFilter: rounded(filters.slope),
    memoryBytesPerNode: rounded(memory.fixed + median(nodes.map(({ kafkaBytes }) => kafkaBytes))),
    memoryBytesPerFilter: rounded(memory.slope),
    hopSeconds: rounded(median(runs.map(({ hopSeconds }) => hopSeconds))),
  }
}
