// The configuration of a broker as text: server.properties and log4j2.xml. Pure.
import { cellProperties, quorumOf } from './cell.ts'
import {
  ADMIN_USER,
  addressOf,
  atPort,
  BROKER_USER,
  brokerFiles,
  brokerIdOf,
  listenAddressOf,
  LOOPBACK,
  type BrokerSettings,
  type Tls,
} from './settings.ts'

/** What a broker takes at most as one batch of one partition. Topics of alerts are limited to 10 MB a message by whoever creates them. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024
const INTERNAL_PARTITIONS = 5
/** An entry of 12 bytes for every 4 KB of a segment. */
const INDEX_BYTES = 512 * 1024
const MB = 1024 * 1024
/** More members than partitions have nothing to do; a topic has 200 at most. */
const MAX_GROUP_MEMBERS = 250
/** Each costs buffers and, with TLS, tens of KB; a whole system on one machine has some hundreds from its one address. */
const MAX_CONNECTIONS_PER_ADDRESS = 4000

const plainLogin = (password: string): string =>
  `org.apache.kafka.common.security.plain.PlainLoginModule required username="${BROKER_USER}" password="${password}" user_${BROKER_USER}="${password}";`

const SESSION_MS = 3_600_000
/** How often a broker looks for what it need not keep any more. */
const RETENTION_CHECK_MS = 30_000

const scramOnly = (listener: string, tls: Tls | undefined, reauthenticateMs = SESSION_MS): [string, string][] => [
  [`listener.name.${listener}.sasl.enabled.mechanisms`, 'SCRAM-SHA-512'],
  [
    `listener.name.${listener}.scram-sha-512.sasl.jaas.config`,
    'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  ],
  [`listener.name.${listener}.scram-sha-512.connections.max.reauth.ms`, String(reauthenticateMs)],
  ...(tls === undefined
    ? []
    : ([
        [`listener.name.${listener}.ssl.keystore.type`, 'PEM'],
        [`listener.name.${listener}.ssl.keystore.location`, tls.keystore],
        [`listener.name.${listener}.ssl.enabled.protocols`, 'TLSv1.3,TLSv1.2'],
      ] satisfies [string, string][])),
]

/**
 * server.properties. Clients have a listener of their own that knows SCRAM only; the broker's own user exists on two
 * loopback listeners: the controller's, and one on `internalPort`, for the broker's connections to itself. In a cell both are on the machine's address, with TLS.
 */
export const renderProperties = (
  settings: BrokerSettings,
  internalPort: number,
  logDirs = brokerFiles(settings.dir).data,
): string => {
  const { cell, ports, secrets, outside = [] } = settings
  const [host, address] = [listenAddressOf(settings), addressOf(settings)]
  const within =
    cell === undefined ? { host: LOOPBACK, port: internalPort, address: LOOPBACK } : { host, port: cell.port, address }
  const { retention = { hours: 72, bytesPerPartition: 1024 * MB } }: Pick<BrokerSettings, 'retention'> = settings
  const own = { host, tls: settings.tls }
  const client = { ...own, name: 'CLIENTS', port: ports.client, advertised: `${address}:${ports.client}` }
  const clients = [client, ...outside.map((listener, at) => ({ ...own, name: `OUTSIDE${at + 1}`, ...listener }))]
  const plain = plainLogin(secrets.broker)
  const properties: Record<string, string | number | boolean | undefined> = {
    'process.roles': 'broker,controller',
    'node.id': brokerIdOf(settings),
    // Static voters: the ports may change between two starts.
    'controller.quorum.voters':
      cell === undefined ? `1@${LOOPBACK}:${ports.controller}` : quorumOf(cell, ports.controller),
    listeners: [
      ...clients.map(one => `${one.name}://${atPort(one.host, one.port)}`),
      `BROKER://${atPort(within.host, within.port)}`,
      `CONTROLLER://${atPort(within.host, ports.controller)}`,
    ].join(','),
    'advertised.listeners': [
      ...clients.map(({ name, advertised }) => `${name}://${advertised}`),
      `BROKER://${atPort(within.address, within.port)}`,
    ].join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'BROKER',
    'listener.security.protocol.map': [
      ...clients.map(({ name, tls }) => `${name}:${tls === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL'}`),
      ...['BROKER', 'CONTROLLER'].map(name => `${name}:${cell === undefined ? 'SASL_PLAINTEXT' : 'SSL'}`),
    ].join(','),
    'sasl.mechanism.controller.protocol': 'PLAIN',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    ...Object.fromEntries(
      clients.flatMap(({ name, tls }) => scramOnly(name.toLowerCase(), tls, settings.reauthenticateMs)),
    ),
    'listener.name.broker.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.broker.plain.sasl.jaas.config': plain,
    'listener.name.controller.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.controller.plain.sasl.jaas.config': plain,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `User:${BROKER_USER};User:${ADMIN_USER}`,
    'allow.everyone.if.no.acl.found': false,
    'auto.create.topics.enable': false,
    'log.dirs': logDirs,
    'message.max.bytes': MAX_BATCH_BYTES,
    'replica.fetch.max.bytes': MAX_BATCH_BYTES,
    // A broker that was killed is let in again when its old session is over, and would wait 9 s for that. A disk that holds the metadata log up for 3 or 4 s, as
    // was seen, must not end one: its partitions have no leader until the next heartbeat.
    'broker.session.timeout.ms': 6000,
    'broker.heartbeat.interval.ms': 1000,
    // The controller writes an empty record this often, for replicas of its log to see that it lives; here there is none (default: 500).
    'metadata.max.idle.interval.ms': 5000,
    // One broker keeps one replica.
    'default.replication.factor': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // Fewer partitions start faster; thousands of groups fit in five.
    'offsets.topic.num.partitions': INTERNAL_PARTITIONS,
    'transaction.state.log.num.partitions': INTERNAL_PARTITIONS,
    'share.coordinator.state.topic.num.partitions': 1,
    'offsets.topic.segment.bytes': 16 * MB,
    'transaction.state.log.segment.bytes': 16 * MB,
    'group.initial.rebalance.delay.ms': 0,
    // Positions of a group that nobody is in, and with them the group: stock clients leave one behind at each start.
    'offsets.retention.minutes': 24 * 60,
    // A position's comment: clients' own are some tens of characters long.
    'offset.metadata.max.bytes': 512,
    'group.max.size': MAX_GROUP_MEMBERS,
    'group.consumer.max.size': MAX_GROUP_MEMBERS,
    'max.connections.per.ip': MAX_CONNECTIONS_PER_ADDRESS,
    'log.retention.hours': retention.hours,
    'log.retention.bytes': retention.bytesPerPartition,
    'log.retention.check.interval.ms': retention.checkMs ?? RETENTION_CHECK_MS,
    'log.segment.bytes': 128 * MB,
    // Enough for a segment. The default of 10 MB a file is touched whole by the first write to a topic.
    'log.index.size.max.bytes': INDEX_BYTES,
    // How often it looks for topics whose `flush.ms` has passed; by default never.
    'log.flush.scheduler.interval.ms': 1000,
    'log.cleaner.dedupe.buffer.size': 16 * MB,
    // Pinned: the metadata log would otherwise grow for a week before its first snapshot.
    'metadata.max.retention.bytes': 64 * MB,
    'metadata.log.segment.bytes': 16 * MB,
    ...(cell === undefined ? {} : cellProperties(cell)),
  }
  return `${Object.entries(properties)
    .flatMap(([key, value]) => (value === undefined ? [] : `${key}=${value}`))
    .join('\n')}\n`
}

/** log4j2.xml: to standard output, where the supervisor takes it. */
export const renderLogging = (): string => `<Configuration status="WARN">
  <Appenders><Console name="OUT" target="SYSTEM_OUT"><PatternLayout pattern="[%d] %p %m (%c)%n"/></Console></Appenders>
  <Loggers>
    <Root level="INFO"><AppenderRef ref="OUT"/></Root>
    <Logger name="org.apache.kafka" level="WARN"/>
    <Logger name="kafka" level="WARN"/>
    <Logger name="kafka.server" level="INFO"/>
    <Logger name="state.change.logger" level="WARN"/>
    <Logger name="kafka.authorizer.logger" level="INFO"/>
    <Logger name="org.apache.kafka.common.utils.AppInfoParser" level="ERROR"/>
  </Loggers>
</Configuration>
`
