// What describes one broker, and where its files lie. A broker is a KRaft broker and controller in one process.
import { join } from 'node:path'
import { type BrokerAccess } from '../kafka/broker-access.ts'

/** What makes the listeners for clients speak TLS. */
export interface Tls {
  /** The authority's certificate as PEM: what clients trust. */
  readonly ca: string
  /** File with the server's key (PKCS#8) and its certificates as PEM, mode 0600: what Kafka is given. */
  readonly keystore: string
}

/** The user of set-up and administration; a super user on every broker. */
export const ADMIN_USER = 'skysieve-admin'
/** The broker's own user, by PLAIN and on loopback listeners only. */
export const BROKER_USER = 'kraft'

/**
 * `flush.ms` of alert topics. The kernel would keep a visit of 1 GB for 30 s and write it in one second, mostly while the next visit's rush is on: with
 * 100 filters p99 from the hub to a subscriber falls from 2.2 to 1.7 s (2 cores, one disk for everything).
 */
export const ALERT_FLUSH_MS = 2000

export interface OutsideListener {
  readonly port: number
  /** Where it listens; `host` of the broker where absent. */
  readonly host?: string
  /** The host:port that its clients are told. */
  readonly advertised: string
  /** Of this listener; as the broker's others where absent. */
  readonly tls?: Tls
}

export interface BrokerSettings {
  /** Names the broker in messages: hub, node1, … */
  readonly name: string
  /** Everything of this broker lies here; made with mode 0700. */
  readonly dir: string
  /** Folder of the Kafka jars. */
  readonly libs: string
  readonly ports: { readonly client: number; readonly controller: number }
  readonly secrets: { readonly admin: string; readonly broker: string }
  /** Address clients connect to and are told; loopback by default. */
  readonly host?: string
  /** Further listeners, each for clients that reach this broker by another address. */
  readonly outside?: readonly OutsideListener[]
  readonly heapMb?: number
  /** Path of the java program; `java` by default. */
  readonly java?: string
  /** PBKDF2 rounds of the administrator's password, 4,096 to 16,384. */
  readonly scramIterations?: number
  /** TLS on the listeners for clients: the file with the broker's key and certificates, and what its clients trust; plain where absent. */
  readonly tls?: Tls
  /** After this time a session has to log in again, so that the sessions of users that were taken away end. Default: an hour. */
  readonly reauthenticateMs?: number
  /** What topics keep that set nothing themselves. */
  readonly retention?: { readonly hours: number; readonly bytesPerPartition: number; readonly checkMs?: number }
}

export const LOOPBACK = '127.0.0.1'

/** The files of a broker. */
export const brokerFiles = (dir: string) => ({
  properties: join(dir, 'server.properties'),
  logging: join(dir, 'log4j2.xml'),
  /** Names the ports on which it talked to itself, the newest first. */
  internalPort: join(dir, 'internal-port'),
  /** Kafka's log.dirs. */
  data: join(dir, 'data'),
  /** Exists while the storage is formatted, and after a format that was cut off. */
  formatting: join(dir, 'formatting'),
})

/** How the administrator reaches the broker. */
export const adminAccess = ({ host, ports, secrets, tls }: BrokerSettings): BrokerAccess => ({
  bootstrap: `${host ?? LOOPBACK}:${ports.client}`,
  user: ADMIN_USER,
  password: secrets.admin,
  ...(tls === undefined ? {} : { ca: tls.ca }),
})
