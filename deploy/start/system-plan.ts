// The plan of a system: which process starts when, what is prepared before, and in which order all of it stops.
import { prepareAccess } from './access/prepare-broker.ts'
import { prepareNodeAccess } from './access/prepare-node.ts'
import { brokerProcess } from './services/broker.ts'
import { offerIntegration } from './seed/integration-account.ts'
import { type Layout } from './layout/layout.ts'
import { type Step } from './run-plan.ts'
import { redisProcess } from './services/redis.ts'
import { mirrorProcess } from './services/mirror-maker.ts'
import { hubAcls } from './access/broker-acls.ts'
import { submitExamples } from './seed/example-filters.ts'
import {
  apiProcess,
  archiverProcess,
  hubProcess,
  isWorker,
  simulatorProcess,
  workerNames,
  workerProcesses,
} from './services/own-processes.ts'
import { type ProcessSpec, type Supervisor } from './supervise/supervisor.ts'
import { makeHubTopics } from './access/hub-topics.ts'
import { hubUsers } from './layout/kafka-users.ts'

const step = (name: string, after: readonly string[], run: Step['run']): Step => ({ name, after, run })

/** Every step of a start; those that do not wait for each other run side by side. */
export const systemPlan = (layout: Layout, supervisor: Supervisor, note: (text: string) => void): readonly Step[] => {
  const { hub, nodes, secrets, options } = layout
  const run = (spec: ProcessSpec, ...after: readonly string[]): Step => ({
    name: spec.name,
    after,
    run: signal => supervisor.start(spec, signal),
  })
  const examples: Step = {
    name: 'examples',
    after: ['api', ...nodes.flatMap(node => [`${node.name}-mirror`, ...workerNames(node)])],
    run: signal => submitExamples({ ...examplesOptions(layout, note), python: false }, signal),
  }
  const { apiUrl, registryUrl } = layout
  const integration = { apiUrl, registryUrl, adminToken: secrets.adminToken, dataDir: options.dataDir, note }
  return [
    run(brokerProcess('hub-broker', hub, command => layout.archives.speedUp('broker', command, true))),
    step('hub-access', ['hub-broker'], signal =>
      prepareAccess(
        hub,
        secrets,
        hubUsers(options.nodes),
        hubAcls(options.nodes),
        admin => makeHubTopics(admin, options, hub.dir),
        { signal, note },
      ),
    ),
    run(redisProcess({ dir: layout.dirs.redis, port: layout.ports.redis, password: secrets.redis, env: layout.env })),
    ...nodes.flatMap(node => [
      run(
        brokerProcess(`${node.name}-broker`, node.broker, command => layout.archives.speedUp('broker', command, false)),
      ),
      step(`${node.name}-access`, [`${node.name}-broker`], signal => prepareNodeAccess(layout, node, { signal, note })),
      run(mirrorProcess(layout, node), 'hub-access', `${node.name}-access`),
      ...workerProcesses(layout, node).map(worker => run(worker, 'hub-access', `${node.name}-access`)),
    ]),
    run(hubProcess(layout), 'hub-access'),
    ...(layout.archive === undefined ? [] : [run(archiverProcess(layout, layout.archive), 'hub-access', 'hub')]),
    run(apiProcess(layout), 'hub-access', 'redis', ...nodes.map(({ name }) => `${name}-access`)),
    examples,
    ...(options.profile === 'integration'
      ? [{ name: 'integration', after: ['api'], run: (signal: AbortSignal) => offerIntegration(integration, signal) }]
      : []),
    ...(options.simulator ? [run(simulatorProcess(layout, note), 'hub', 'examples')] : []),
  ]
}

/** What submitting the examples needs to know of a system. */
export const examplesOptions = ({ apiUrl, secrets, options, nodes }: Layout, note: (text: string) => void) => ({
  apiUrl,
  adminToken: secrets.adminToken,
  dataDir: options.dataDir,
  nodes: nodes.length,
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
