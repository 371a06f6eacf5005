// The hub's part of a start: its broker, what is made in it, and the services beside it.
import { type MirrorLag } from '#mirrors'
import { hubAcls } from './access/broker-acls.ts'
import { makeHubTopics } from './access/hub-topics.ts'
import { prepareAccess } from './access/prepare-broker.ts'
import { hubNeeds } from './existing-kafka/needs.ts'
import { prepareHubKafka } from './existing-kafka/prepare-hub-kafka.ts'
import { type HubLayout } from './layout/hub-layout.ts'
import { HUB_USERS } from './layout/kafka-users.ts'
import { type MachineLayout } from './layout/machine-layout.ts'
import { type NodeLayout } from './layout/node-layout.ts'
import { passwordOf } from './layout/secrets.ts'
import { type Step } from './run-plan.ts'
import { offerIntegration } from './seed/integration-account.ts'
import { hubBroker } from './services/broker.ts'
import { apiProcess, archiverProcess, hubProcess } from './services/hub-processes.ts'
import { redisProcess } from './services/redis.ts'
import { type ProcessSpec, type Supervisor } from './supervise/supervisor.ts'

/** What every step of a plan works with. */
export interface PlanContext {
  readonly machine: MachineLayout
  readonly supervisor: Supervisor
  readonly note: (text: string) => void
  /** Told every few seconds how far a node is behind its hub. */
  readonly onLag?: (lag: MirrorLag) => void
}

/** A process as a step. */
export const processStep = ({ supervisor }: PlanContext, spec: ProcessSpec, ...after: readonly string[]): Step => ({
  name: spec.name,
  after,
  run: signal => supervisor.start(spec, signal),
})

/** What may be connected to from then on, by name: `hub-access` its broker, `hub` its registry, `api`. `nodes` are those of this machine. */
export const hubPlan = (context: PlanContext, hub: HubLayout, nodes: readonly NodeLayout[]): readonly Step[] => {
  const { machine, note } = context
  const { broker, secrets, options, ports, archive, apiUrl, registryUrl } = hub
  const run = (spec: ProcessSpec, ...after: readonly string[]): Step => processStep(context, spec, ...after)
  const logins = HUB_USERS.map(user => ({ user, password: passwordOf(secrets, user) }))
  const integration = { apiUrl, registryUrl, adminToken: secrets.adminToken, dataDir: options.dataDir, note }
  return [
    ...(hub.kafka === undefined ? [run(hubBroker(machine, broker))] : []),
    {
      name: 'hub-access',
      after: hub.kafka === undefined ? ['hub-broker'] : [],
      run: signal =>
        hub.kafka === undefined
          ? prepareAccess(broker, logins, hubAcls, admin => makeHubTopics(admin, options, broker.dir), { signal, note })
          : prepareHubKafka(hubNeeds(options, hub.kafka, logins), hub.kafka, broker.dir, { signal, note }),
    },
    run(redisProcess({ dir: hub.redisDir, port: ports.redis, password: secrets.redis, env: machine.env })),
    run(hubProcess(machine, hub), 'hub-access'),
    ...(archive === undefined ? [] : [run(archiverProcess(machine, hub, archive), 'hub-access', 'hub')]),
    run(apiProcess(machine, hub, nodes), 'hub-access', 'redis'),
    ...(options.profile === 'integration'
      ? [{ name: 'integration', after: ['api'], run: (signal: AbortSignal) => offerIntegration(integration, signal) }]
      : []),
  ]
}
