// What the chain bench and its two child processes tell each other.
import { type BrokerAccess } from '#hub'

/** Makes the packets of a visit, which are then played as many. */
export interface Prepare {
  readonly prepare: { readonly alerts: number }
}
export interface Play {
  readonly play: {
    readonly access: BrokerAccess
    readonly visits: number
    readonly intervalMs: number
    readonly spreadMs: number
    readonly profile: 'smooth' | 'burst'
  }
}

/** A visit that was sent, ms since 1970: from its first packet to the hub's last acknowledgement. */
export interface SentVisit {
  readonly visit: string
  readonly packets: number
  readonly bytes: number
  readonly beginMs: number
  readonly endMs: number
}

export interface Subscription {
  readonly access: BrokerAccess
  readonly hub: BrokerAccess
  readonly alertTopic: string
  readonly topics: readonly string[]
  /** Its progress record says how far all filters are. */
  readonly lane: string
}

/** Times are ms since 1970. */
export interface Received {
  readonly deliveries: readonly {
    readonly topic: string
    readonly visit: string
    /** Of the packet on the node: `topic-partition-offset`. */
    readonly source: string
    /** When its batch's verdicts were in. */
    readonly evaluatedMs: number
    /** When it was put into a request of its transaction. */
    readonly writtenMs: number
    readonly receivedMs: number
  }[]
  /** Positions of the lane, partition → offset, when they were committed. */
  readonly commits: readonly { readonly atMs: number; readonly positions: Readonly<Record<string, string>> }[]
  /** Ends of the alert topic's partitions on the hub, and of what is committed of them on the node, as they grew. */
  readonly onHub: readonly Ends[]
  readonly onNode: readonly Ends[]
}

/** Partition → offset after the last record, at a moment. */
export interface Ends {
  readonly atMs: number
  readonly ends: Readonly<Record<string, string>>
}
