// The plan of a system on one machine: its hub's and its nodes' steps, what comes when all of them run, and in which order all of it stops.
import { STREAMS } from '#hub'
import { workerUser } from '#filters'
import { mirrorMakerUser } from '#mirrors'
import { hubPlan, type PlanContext, processStep } from './hub-plan.ts'
import { type HubLayout } from './layout/hub-layout.ts'
import { API_USER } from './layout/kafka-users.ts'
import { type Layout } from './layout/layout.ts'
import { type Joined, type NodeLayout } from './layout/node-layout.ts'
import { LOOPBACK } from './layout/ports.ts'
import { passwordOf } from './layout/secrets.ts'
import { nodeIsUp, nodePlan } from './node-plan.ts'
import { type Step } from './run-plan.ts'
import { submitExamples } from './seed/example-filters.ts'
import { adminTokenSha256, simulatorProcess } from './services/hub-processes.ts'
import { isWorker } from './services/workers.ts'
import { type Supervisor } from './supervise/supervisor.ts'

/** Every step of a start; those that do not wait for each other run side by side. */
export const systemPlan = (
  { machine, hub, nodes, options }: Layout,
  supervisor: Supervisor,
  note: (text: string) => void,
): readonly Step[] => {
  const context: PlanContext = { machine, supervisor, note }
  const served = nodes.map(node => ({ node, joined: joinedTo(hub, node) }))
  const examples: Step = {
    name: 'examples',
    after: ['api', ...nodes.flatMap(nodeIsUp)],
    run: signal => submitExamples({ ...examplesOptions(hub, note), python: false }, signal),
  }
  return [
    ...hubPlan(context, hub, served),
    ...served.flatMap(({ node, joined }) => nodePlan(context, node, joined, ['hub-access'])),
    examples,
    ...(options.simulator ? [processStep(context, simulatorProcess(machine, hub, note), 'hub', 'examples')] : []),
  ]
}

/** What a node of this machine knows of the hub. */
export const joinedTo = (hub: HubLayout, { name }: NodeLayout): Joined => {
  const { broker, secrets, options } = hub
  const login = (user: string) => ({ user, password: passwordOf(secrets, user) })
  return {
    hub: {
      bootstrap: `${LOOPBACK}:${hub.ports.broker}`,
      ...(broker.tls === undefined ? {} : { ca: broker.tls.ca }),
    },
    registryUrl: hub.registryUrl,
    hubUsers: { mirrorMaker: login(mirrorMakerUser(name)), worker: login(workerUser(name)) },
    apiUser: login(API_USER),
    alertTopics: Object.values(STREAMS).map(({ topic }) => ({ name: topic, partitions: options.partitions })),
    metricsTokenSha256: adminTokenSha256(hub),
  }
}

/** What submitting the examples needs to know of a system. */
export const examplesOptions = ({ apiUrl, secrets, options }: HubLayout, note: (text: string) => void) => ({
  apiUrl,
  adminToken: secrets.adminToken,
  dataDir: options.dataDir,
  nodes: options.nodes,
  note,
})

/** The order of a stop: first who writes, then who carries, then what keeps. Each group has its own limit, 14 s in all. */
export const stopOrder = (
  names: readonly string[],
): readonly { readonly names: readonly string[]; readonly limitMs: number }[] => {
  const ending = (...suffixes: readonly string[]): readonly string[] =>
    names.filter(name => suffixes.some(suffix => name === suffix || name.endsWith(`-${suffix}`)))
  return [
    { names: [...ending('simulator', 'api', 'archiver'), ...names.filter(isWorker)], limitMs: 5000 },
    { names: names.filter(name => name === 'hub' || name.endsWith('-mirror')), limitMs: 4000 },
    { names: ending('broker', 'redis'), limitMs: 5000 },
  ]
}
