// The settings of each process of ours in a started system: its address, its user, and nothing it does not need.
import { accessOf } from './brokers.ts'
import { type Layout, type NodeLayout } from './layout.ts'
import { LOOPBACK } from './ports.ts'
import { serviceProcess } from './service.ts'
import { type ProcessSpec } from './supervisor.ts'
import { API_USER, HUB_USER, SIMULATOR_USER, workerUser } from './users.ts'

export const hubProcess = (layout: Layout): ProcessSpec =>
  serviceProcess(layout, {
    name: 'hub',
    kind: 'hub',
    opsPort: layout.ports.hubOps,
    settings: {
      kafka: accessOf(layout.hub, layout.secrets, HUB_USER),
      registryPort: layout.ports.registry,
      opsPort: layout.ports.hubOps,
    },
  })

export const workerProcess = (layout: Layout, { name, broker, ports, shards }: NodeLayout): ProcessSpec =>
  serviceProcess(layout, {
    name: `${name}-worker`,
    kind: 'worker',
    opsPort: ports.workerOps,
    settings: {
      mirror: name,
      shards,
      local: accessOf(broker, layout.secrets, workerUser(name)),
      hub: accessOf(layout.hub, layout.secrets, workerUser(name)),
      registryUrl: layout.registryUrl,
      opsPort: ports.workerOps,
      dataDir: broker.dir,
    },
  })

export const apiProcess = (layout: Layout): ProcessSpec =>
  serviceProcess(layout, {
    name: 'api',
    kind: 'api',
    opsPort: layout.ports.apiOps,
    settings: {
      hub: accessOf(layout.hub, layout.secrets, API_USER),
      nodes: layout.nodes.map(({ name, broker }) => ({ name, access: accessOf(broker, layout.secrets, API_USER) })),
      redis: { host: LOOPBACK, port: layout.ports.redis, password: layout.secrets.redis },
      registryUrl: layout.registryUrl,
      port: layout.ports.api,
      opsPort: layout.ports.apiOps,
      adminToken: layout.secrets.adminToken,
      platformKey: layout.secrets.platformKey,
      dataDir: layout.options.dataDir,
    },
  })

export const simulatorProcess = (layout: Layout): ProcessSpec => {
  const { alerts, interval, visits, source, dataDir } = layout.options
  return serviceProcess(layout, {
    name: 'simulator',
    kind: 'simulator',
    opsPort: layout.ports.simulatorOps,
    settings: {
      hub: accessOf(layout.hub, layout.secrets, SIMULATOR_USER),
      registryUrl: layout.registryUrl,
      opsPort: layout.ports.simulatorOps,
      dataDir,
      alerts,
      intervalS: interval,
      ...(visits === undefined ? {} : { visits }),
      ...(source === undefined ? {} : { source }),
    },
  })
}
