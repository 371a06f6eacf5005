// What work on nodes needs of the platform, and what whoever composes it says of nodes.
import { type Grant } from '#hub'
import { type SubscriberPlatform } from '../subscribers/subscriber-platform.ts'

/** Given by whoever opens an instance. */
export interface NodeJoining {
  /** Of this software, and of the hub's Kafka: `1.2.3`. */
  readonly version: string
  readonly kafkaVersion: string
  /** Names of a node's two users on the hub. */
  readonly nodeUsers: (node: string) => { readonly mirrorMaker: string; readonly worker: string }
  /** What these two may do on the hub; a node that does not report alone may write the topic that nodes of former versions share. */
  readonly nodeAcls: (node: string, reporting: { readonly reportsAlone: boolean }) => readonly Grant[]
  /** The system's own authority, PEM: who joins knows the system by it. Absent where the system speaks plain text. */
  readonly authority?: string
  /**
   * Signs a node's certificate request, which was verified, for the host of its address and names of loopback; gives the certificate as PEM. A
   * peer's names it to servers of its kind. Absent where the system speaks plain text, or where nodes bring certificates of their own.
   */
  readonly sign?: (
    csr: string,
    commonName: string,
    address: { readonly host: string; readonly port: number },
    role: 'server' | 'peer',
  ) => Promise<string>
}

export interface NodePlatform extends SubscriberPlatform {
  readonly joining: NodeJoining
  /** The API's own Kafka user, which nodes make too. */
  readonly apiUser: string
}
