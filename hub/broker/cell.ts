// What one of three brokers that stand in for each other has other than one that stands alone: properties. Pure.
import { ADMIN_USER, atPort, type Cell } from './settings.ts'

const REPLICAS = 3
/** What is acknowledged is on two machines. */
const MIN_IN_SYNC = 2
const CLUSTER_ID = /^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/
const COMMON_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

/** Throws RangeError for what would break the properties, or let in somebody else. */
export const checkCell = ({ id, voters, clusterId }: Cell): void => {
  const refuse = (what: string): never => {
    throw new RangeError(`A cell ${what}`)
  }
  if (voters.length !== REPLICAS) refuse(`has ${REPLICAS} brokers, not ${voters.length}`)
  for (const key of ['id', 'name', 'address'] as const)
    if (new Set(voters.map(voter => voter[key])).size !== REPLICAS) refuse(`has no two brokers with the same ${key}`)
  if (!voters.some(voter => voter.id === id)) refuse(`has no broker ${id}`)
  for (const { name } of voters)
    if (!COMMON_NAME.test(name)) refuse(`names its brokers by a-z, 0-9 and -, not "${name}"`)
  if (!CLUSTER_ID.test(clusterId)) refuse('has an id of 22 characters of base64url')
}

/** `controller.quorum.voters`. */
export const quorumOf = ({ voters }: Cell, controllerPort: number): string =>
  voters.map(({ id, address }) => `${id}@${atPort(address, controllerPort)}`).join(',')

/** A text of several lines as a value in a properties file. */
const onOneLine = (text: string): string => text.trim().replaceAll('\n', '\\n')

const mutualTls = (listener: string, { keystore, ca }: Cell['tls']) => ({
  [`listener.name.${listener}.ssl.client.auth`]: 'required',
  [`listener.name.${listener}.ssl.keystore.type`]: 'PEM',
  [`listener.name.${listener}.ssl.keystore.location`]: keystore,
  [`listener.name.${listener}.ssl.truststore.type`]: 'PEM',
  [`listener.name.${listener}.ssl.truststore.certificates`]: onOneLine(ca),
  [`listener.name.${listener}.ssl.enabled.protocols`]: 'TLSv1.3',
})

/** Takes the place of the same keys of a broker alone; one that is undefined has no place in a cell. */
export const cellProperties = ({ voters, tls }: Cell): Record<string, string | number | boolean | undefined> => ({
  // They know each other by certificate: there is no password that all share.
  'sasl.mechanism.controller.protocol': undefined,
  'sasl.mechanism.inter.broker.protocol': undefined,
  'listener.name.broker.sasl.enabled.mechanisms': undefined,
  'listener.name.broker.plain.sasl.jaas.config': undefined,
  'listener.name.controller.sasl.enabled.mechanisms': undefined,
  'listener.name.controller.plain.sasl.jaas.config': undefined,
  ...mutualTls('broker', tls),
  ...mutualTls('controller', tls),
  // The whole subject: no user has a name with "=" in it (users-and-quotas.ts), so that none can be taken for a broker.
  'super.users': [...voters.map(({ name }) => `CN=${name}`), ADMIN_USER].map(name => `User:${name}`).join(';'),

  'default.replication.factor': REPLICAS,
  'min.insync.replicas': MIN_IN_SYNC,
  'offsets.topic.replication.factor': REPLICAS,
  'transaction.state.log.replication.factor': REPLICAS,
  'transaction.state.log.min.isr': MIN_IN_SYNC,
  'share.coordinator.state.topic.replication.factor': REPLICAS,
  'share.coordinator.state.topic.min.isr': MIN_IN_SYNC,
  'unclean.leader.election.enable': false,

  // Two others go on: a broker that is taken for dead without need, as its disk held it up, costs a change of leaders here, and not the service.
  'broker.session.timeout.ms': 3000,
  'broker.heartbeat.interval.ms': 500,
  // A member of a group asks for as little (BrokerTimeouts of its access).
  'group.min.session.timeout.ms': 3000,
  'controller.quorum.fetch.timeout.ms': 2000,
  'controller.quorum.election.timeout.ms': 1000,
  // The others see by it that the controller lives.
  'metadata.max.idle.interval.ms': 500,
})
