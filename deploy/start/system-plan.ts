// The plan of a system on one machine: its hub's and its nodes' steps, and what comes when all of them run.
import { hubPlan, type PlanContext, processStep } from './hub-plan.ts'
import { readIdentity } from './join/identity.ts'
import { joinLocally, knowsAll, type LocalJoin } from './join/join-local.ts'
import { machineFacts } from './join/machine-facts.ts'
import { type HubLayout } from './layout/hub-layout.ts'
import { type Layout } from './layout/layout.ts'
import { type NodeLayout } from './layout/node-layout.ts'
import { type NodeJoin, nodeIsUp, nodePlan } from './node-plan.ts'
import { type Step } from './run-plan.ts'
import { submitExamples } from './seed/example-filters.ts'
import { simulatorProcess } from './services/hub-processes.ts'
import { type Supervisor } from './supervise/supervisor.ts'

/** Every step of a start; those that do not wait for each other run side by side. */
export const systemPlan = (layout: Layout, supervisor: Supervisor, note: (text: string) => void): readonly Step[] => {
  const { machine, hub, nodes, options } = layout
  const context: PlanContext = { machine, supervisor, note }
  const examples: Step = {
    name: 'examples',
    after: ['api', ...nodes.flatMap(nodeIsUp)],
    run: signal => submitExamples({ ...examplesOptions(hub, note), python: false }, signal),
  }
  return [
    ...hubPlan(context, hub, nodes),
    ...nodes.flatMap(node => nodePlan(context, node, localJoin(layout, node, note), ['hub-access'])),
    examples,
    ...(options.simulator ? [processStep(context, simulatorProcess(machine, hub, note), 'hub', 'examples')] : []),
  ]
}

/** A node that has joined from here before needs no API. */
const localJoin = (layout: Layout, node: NodeLayout, note: (text: string) => void): NodeJoin => ({
  after: knowsAll(readIdentity(node.dir), node.address) ? [] : ['api'],
  run: signal => joinLocally(localJoinContext(layout, node, note, signal)),
})

/** What a node beside the hub joins with, also when it joins once more. */
export const localJoinContext = (
  { machine, hub }: Layout,
  { name, dir, address, shards }: NodeLayout,
  note: (text: string) => void,
  signal: AbortSignal,
): LocalJoin => ({
  dir,
  name,
  apiUrl: hub.apiUrl,
  adminToken: hub.secrets.adminToken,
  address,
  shards,
  facts: () => machineFacts(dir, machine.python.engine.kind !== 'none'),
  note: text => note(`  ${name}: ${text}`),
  signal,
})

/** What submitting the examples needs to know of a system. */
export const examplesOptions = ({ apiUrl, secrets, options }: HubLayout, note: (text: string) => void) => ({
  apiUrl,
  adminToken: secrets.adminToken,
  dataDir: options.dataDir,
  nodes: options.nodes,
  note,
})
