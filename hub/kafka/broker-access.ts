// How a client reaches a broker, and how long it waits for one. The only shape in which addresses and credentials travel inside this system.

/** A broker's address (host:port[,host:port]) and a user on it (SCRAM-SHA-512 over SASL_PLAINTEXT, or over SASL_SSL with a `ca`). */
export interface BrokerAccess {
  readonly bootstrap: string
  readonly user: string
  readonly password: string
  /** Certificates of the authorities that may have signed the broker's, as PEM; with it the connection is TLS. */
  readonly ca?: string
  /** Where brokers stand in for each other, 2 to 3 s each; what is absent has its default, which suits a broker that comes back by itself. */
  readonly timeouts?: BrokerTimeouts
}

/** After this time without an answer a broker, or a member of a group, is taken for dead. */
export interface BrokerTimeouts {
  /** Until a connection stands and is logged in; 5 s by default. */
  readonly connectMs?: number
  /** Until a request is answered; 30 s by default. Then its connection is closed, and the cluster is asked who leads now. */
  readonly requestMs?: number
  /** Until the group counts a silent member out; 6 s by default, and no less unless the brokers' `group.min.session.timeout.ms` says so. */
  readonly sessionMs?: number
}

const DEFAULTS = { connectMs: 5000, requestMs: 30_000, sessionMs: 6000 } as const

/** All timeouts of a broker. */
export const timeoutsOf = ({ timeouts }: Pick<BrokerAccess, 'timeouts'>): Required<BrokerTimeouts> => ({
  ...DEFAULTS,
  ...timeouts,
})
