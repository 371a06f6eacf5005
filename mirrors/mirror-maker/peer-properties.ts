// What one of three MirrorMakers that copy together has other than one alone: three workers of one Connect cluster, on three machines of a cell. Pure.
import { mirrorMakerFiles, type MirrorMakerSettings } from './settings.ts'

/** The name of the keystore's password in secrets.properties; no node has a capital in its name. */
export const KEYSTORE_SECRET = 'KEYSTORE'
const REPLICAS = 3
/** As the other clients of a cell: then a broker is taken for dead, and the cluster is asked who leads now. */
const REQUEST_MS = 3000
const CONNECT_MS = 1000
const SESSION_MS = 3000

/** Take the place of the same keys of one alone; none where it is alone. */
export const peerProperties = ({
  name,
  dir,
  restPort,
  peers,
}: MirrorMakerSettings): Record<string, string | number | boolean> => {
  if (peers === undefined) return {}
  const { keystore, secrets } = mirrorMakerFiles(dir)
  const tls = 'listeners.https.ssl'
  const password = `\${file:${secrets}:${KEYSTORE_SECRET}}`
  const clients = ['', 'producer.', 'consumer.', 'admin.'].flatMap(client => [
    [`${name}.${client}request.timeout.ms`, REQUEST_MS],
    [`${name}.${client}socket.connection.setup.timeout.ms`, CONNECT_MS],
    [`${name}.${client}socket.connection.setup.timeout.max.ms`, 2 * CONNECT_MS],
  ])
  return {
    // Followers ask the leader to fence, and hand it new configurations of tasks. Nobody speaks there without a certificate of a peer.
    listeners: `https://${bracketed(peers.listen ?? peers.address)}:${restPort}`,
    'rest.advertised.host.name': peers.address,
    'rest.advertised.port': restPort,
    'rest.advertised.listener': 'https',
    [`${tls}.client.auth`]: 'required',
    // PKCS #12, as Kafka Connect's own server knows no PEM.
    [`${tls}.keystore.type`]: 'PKCS12',
    [`${tls}.keystore.location`]: keystore,
    [`${tls}.keystore.password`]: password,
    [`${tls}.key.password`]: password,
    [`${tls}.truststore.type`]: 'PKCS12',
    [`${tls}.truststore.location`]: keystore,
    [`${tls}.truststore.password`]: password,
    [`${tls}.enabled.protocols`]: 'TLSv1.3',
    [`${tls}.cipher.suites`]: 'TLS_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256',
    [`${tls}.endpoint.identification.algorithm`]: 'https',

    'replication.factor': REPLICAS,
    'heartbeats.topic.replication.factor': REPLICAS,
    'checkpoints.topic.replication.factor': REPLICAS,
    [`${name}.config.storage.replication.factor`]: REPLICAS,
    [`${name}.offset.storage.replication.factor`]: REPLICAS,
    [`${name}.status.storage.replication.factor`]: REPLICAS,

    // One that is gone gives its tasks to the others after this time.
    [`${name}.session.timeout.ms`]: SESSION_MS,
    [`${name}.heartbeat.interval.ms`]: SESSION_MS / 6,
    // One that cannot read its topics in time, as their leaders change, is out for a moment, and not for five minutes.
    [`${name}.worker.sync.timeout.ms`]: 2 * SESSION_MS,
    [`${name}.worker.unsync.backoff.ms`]: 1000,
    ...Object.fromEntries(clients),
  }
}

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)
