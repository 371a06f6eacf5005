// The configuration of MirrorMaker 2 as text: exactly once, one way, one process for one node or three for a cell. Pure.
import { basename } from 'node:path'
import { type BrokerAccess } from '#hub'
import { KEYSTORE_SECRET, peerProperties } from './peer-properties.ts'
import { HUB_ALIAS, mirrorMakerFiles, trustFile, type MirrorMakerSettings } from './settings.ts'

const MB = 1024 * 1024
/** Above the 16 MB a batch may have on hub and node. */
const MAX_REQUEST_BYTES = 17 * MB
const LOOPBACK = '127.0.0.1'

/** What a connector's configuration names. Peers read it from a topic, and have their folders at paths of their own: a name in the folder that each runs in. */
const named = (file: string, { peers }: Pick<MirrorMakerSettings, 'peers'>): string =>
  peers === undefined ? file : basename(file)

const cluster = (alias: string, { bootstrap, user, ca }: BrokerAccess, settings: MirrorMakerSettings) => ({
  [`${alias}.bootstrap.servers`]: bootstrap,
  [`${alias}.security.protocol`]: ca === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL',
  ...(ca === undefined
    ? {}
    : {
        [`${alias}.ssl.truststore.type`]: 'PEM',
        [`${alias}.ssl.truststore.location`]: named(trustFile(settings.dir, alias), settings),
      }),
  [`${alias}.sasl.mechanism`]: 'SCRAM-SHA-512',
  [`${alias}.sasl.jaas.config`]: `org.apache.kafka.common.security.scram.ScramLoginModule required username="${user}" password="\${file:${named(mirrorMakerFiles(settings.dir).secrets, settings)}:${alias}}";`,
})

/** A topic's name as a regular expression without backslashes, which a properties file would eat. */
const asPattern = (topic: string): string => topic.replaceAll('.', '[.]')

/** mm2.properties. What each setting is for stands beside it; defaults that would be wrong here are named. */
export const renderMirrorMaker = (settings: MirrorMakerSettings): string => {
  const { name, dir, hub, node, topics, restPort, tasks = 2, replicas = 1 } = settings
  const flow = `${HUB_ALIAS}->${name}`
  const files = mirrorMakerFiles(dir)
  const properties: Record<string, string | number | boolean> = {
    clusters: `${HUB_ALIAS}, ${name}`,
    'config.providers': 'file',
    'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
    // Kafka's list knows no relative names; what peers name, their own user alone writes.
    ...(settings.peers === undefined ? { 'config.providers.file.param.allowed.paths': files.secrets } : {}),
    ...cluster(HUB_ALIAS, hub, settings),
    ...cluster(name, node, settings),

    [`${flow}.enabled`]: true,
    [`${flow}.topics`]: topics.map(asPattern).join(','),
    // Same names on both sides; the way back is never enabled, so there is no cycle to detect.
    'replication.policy.class': 'org.apache.kafka.connect.mirror.IdentityReplicationPolicy',
    'tasks.max': tasks,

    // Exactly once: what a poll brought is one transaction, together with the position it came from.
    [`${name}.exactly.once.source.support`]: 'enabled',
    [`${flow}.transaction.boundary`]: 'poll',
    [`${HUB_ALIAS}.consumer.isolation.level`]: 'read_committed',
    'dedicated.mode.enable.internal.rest': true,
    listeners: `http://${LOOPBACK}:${restPort}`,

    // Nothing is written to the hub, and nothing of the node's own set-up is overwritten by the hub's.
    'emit.heartbeats.enabled': false,
    'heartbeats.replication.enabled': false,
    [`${flow}.emit.checkpoints.enabled`]: false,
    [`${flow}.emit.offset-syncs.enabled`]: false,
    [`${flow}.sync.group.offsets.enabled`]: false,
    [`${flow}.sync.topic.acls.enabled`]: false,
    [`${flow}.sync.topic.configs.enabled`]: false,
    'refresh.topics.interval.seconds': 10,

    // One broker keeps one replica (defaults: 2 and 3); one partition each is read back at once (default: 25).
    'replication.factor': replicas,
    'heartbeats.topic.replication.factor': replicas,
    'checkpoints.topic.replication.factor': replicas,
    [`${name}.config.storage.replication.factor`]: replicas,
    [`${name}.offset.storage.replication.factor`]: replicas,
    [`${name}.offset.storage.partitions`]: 1,
    [`${name}.status.storage.replication.factor`]: replicas,
    [`${name}.status.storage.partitions`]: 1,

    // Packets of 110 KB to 10 MB (defaults are for small ones: 500 records a poll, batches of 16 KB, requests of 1 MB).
    [`${HUB_ALIAS}.consumer.fetch.max.bytes`]: 32 * MB,
    [`${HUB_ALIAS}.consumer.max.partition.fetch.bytes`]: 8 * MB,
    [`${HUB_ALIAS}.consumer.max.poll.records`]: 200,
    [`${HUB_ALIAS}.consumer.fetch.min.bytes`]: 1,
    // A topic that is new to this node is copied from its first record; so is one whose position is gone, which lost-range.ts notices.
    [`${HUB_ALIAS}.consumer.auto.offset.reset`]: 'earliest',
    [`${name}.producer.batch.size`]: MB,
    [`${name}.producer.linger.ms`]: 5,
    [`${name}.producer.buffer.memory`]: 64 * MB,
    [`${name}.producer.max.request.size`]: MAX_REQUEST_BYTES,
    // Records are decompressed on the way; packets hardly compress.
    [`${name}.producer.compression.type`]: 'none',
    // A transaction of a process that hangs holds readers of the node back for no longer.
    [`${name}.producer.transaction.timeout.ms`]: 10_000,

    // A process that comes back gets its tasks at once (default: after 5 minutes).
    [`${name}.scheduled.rebalance.max.delay.ms`]: 0,
    [`${name}.session.timeout.ms`]: 6000,
    [`${name}.heartbeat.interval.ms`]: 1500,
    // Saves seconds of a start; read at two places.
    'plugin.discovery': 'service_load',
    [`${name}.plugin.discovery`]: 'service_load',
    ...peerProperties(settings),
  }
  return `${Object.entries(properties)
    .map(([key, value]) => `${key} = ${value}`)
    .join('\n')}\n`
}

/** secrets.properties: a password for each side, and that of the keystore where there is one. */
export const renderSecrets = ({ name, hub, node }: MirrorMakerSettings, keystorePassword?: string): string =>
  [`${HUB_ALIAS}=${hub.password}`, `${name}=${node.password}`]
    .concat(keystorePassword === undefined ? [] : [`${KEYSTORE_SECRET}=${keystorePassword}`])
    .map(line => `${line}\n`)
    .join('')

/** log4j2.xml: all to standard output for the supervisor's log, and what tells of its health to a file of this start only. */
export const renderMirrorMakerLogging = (settings: MirrorMakerSettings): string => {
  const { events } = mirrorMakerFiles(settings.dir)
  return `<Configuration status="WARN">
  <Appenders>
    <Console name="OUT" target="SYSTEM_OUT"><PatternLayout pattern="[%d] %p %m (%c)%n"/></Console>
    <RollingFile name="EVENTS" fileName="${events}" filePattern="${events}.old">
      <PatternLayout pattern="%p %m (%c)%n%throwable{short.message}%n" alwaysWriteExceptions="false"/>
      <SizeBasedTriggeringPolicy size="4 MB"/>
      <DefaultRolloverStrategy max="1"/>
    </RollingFile>
  </Appenders>
  <Loggers>
    <Root level="WARN"><AppenderRef ref="OUT"/><AppenderRef ref="EVENTS"/></Root>
    <Logger name="org.apache.kafka.connect.mirror" level="INFO"/>
    <Logger name="org.apache.kafka.connect.runtime.distributed.DistributedHerder" level="${settings.peers === undefined ? 'WARN' : 'INFO'}"/>
    <Logger name="org.apache.kafka.common.utils.AppInfoParser" level="ERROR"/>
    <Logger name="org.apache.kafka.clients.consumer.internals.FetchCollector" level="INFO"/>
    <Logger name="org.apache.kafka.clients.consumer.internals.SubscriptionState" level="INFO"/>
  </Loggers>
</Configuration>
`
}
