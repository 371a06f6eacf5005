// How a client reaches a broker. The only shape in which addresses and credentials travel inside this system.

/** A broker's address (host:port[,host:port]) and a user on it (SCRAM-SHA-512 over SASL_PLAINTEXT, or over SASL_SSL with a `ca`). */
export interface BrokerAccess {
  readonly bootstrap: string
  readonly user: string
  readonly password: string
  /** Certificates of the authorities that may have signed the broker's, as PEM; with it the connection is TLS. */
  readonly ca?: string
}
