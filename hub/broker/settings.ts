// What describes one broker, and where its files lie. A broker is a KRaft broker and controller in one process, alone or one of three that stand in for each other (a cell).
import { isIPv6 } from 'node:net'
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

/** A broker of a cell, as the others know it. */
interface Voter {
  readonly id: number
  /** The common name of its certificate, which is all it needs to be let in by the others: a-z 0-9 -. */
  readonly name: string
  /** Of its machine: a name or an address in its certificate. */
  readonly address: string
}

/** Three brokers with one storage of three replicas: any of them may be lost. */
export interface Cell {
  /** This broker's among the voters. */
  readonly id: number
  /** All three, the same on each. Ports are the same on all machines. */
  readonly voters: readonly Voter[]
  /** Of the three together: 16 bytes as base64url, which begin with no dash. */
  readonly clusterId: string
  /** On which its brokers speak with each other. */
  readonly port: number
  /** This broker's certificate as server and as client of the others (`serverTls` with `peer`), and what it trusts. */
  readonly tls: Tls
}

export interface BrokerSettings {
  /** Names the broker in messages: hub, node1, … */
  readonly name: string
  /** Everything of this broker lies here; made with mode 0700. */
  readonly dir: string
  /** Folder of the Kafka jars. */
  readonly libs: string
  readonly ports: { readonly client: number; readonly controller: number }
  /** Those of a cell have one administrator; `broker` is for one that stands alone. */
  readonly secrets: { readonly admin: string; readonly broker: string }
  /** With it this is one of three; without it, it stands alone. */
  readonly cell?: Cell
  /** Address clients connect to and are told; loopback by default. In a cell only where it listens, the voter's by default: that one clients are told. */
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

/** As listeners and lists of brokers name it. */
export const atPort = (host: string, port: number): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`

/** Where it listens. */
export const listenAddressOf = (settings: Pick<BrokerSettings, 'cell' | 'host'>): string =>
  settings.host ?? addressOf(settings)

/** Its number in the cluster: a broker alone is the first. */
export const brokerIdOf = ({ cell }: Pick<BrokerSettings, 'cell'>): number => cell?.id ?? 1

/** The address of its machine for clients. */
export const addressOf = ({ cell, host }: Pick<BrokerSettings, 'cell' | 'host'>): string =>
  cell?.voters.find(({ id }) => id === cell.id)?.address ?? host ?? LOOPBACK

/** A client of a cell asks another broker when one does not answer for so long. */
export const CELL_TIMEOUTS = { connectMs: 1000, requestMs: 2000, sessionMs: 3000 } as const

/** Where clients find the broker, or the brokers of its cell, and how long they wait for one. */
const clientAccess = (settings: BrokerSettings): Pick<BrokerAccess, 'bootstrap' | 'ca' | 'timeouts'> => {
  const { cell, ports, tls } = settings
  const own = addressOf(settings)
  // Its own first: as a rule that one is up when somebody beside it asks.
  const addresses = [own, ...(cell?.voters ?? []).flatMap(({ address }) => (address === own ? [] : address))]
  return {
    bootstrap: addresses.map(address => atPort(address, ports.client)).join(','),
    ...(tls === undefined ? {} : { ca: tls.ca }),
    ...(cell === undefined ? {} : { timeouts: CELL_TIMEOUTS }),
  }
}

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

/** How the administrator reaches the broker, or its cell. */
export const adminAccess = (settings: BrokerSettings): BrokerAccess => ({
  ...clientAccess(settings),
  user: ADMIN_USER,
  password: settings.secrets.admin,
})
