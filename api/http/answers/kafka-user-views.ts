// Kafka users (credentials and logins) as they leave the API, with what a client needs to connect.
import { Type, type Static } from 'typebox'
import { type CredentialRecord } from '../../control/account-records.ts'

const Time = Type.String({ format: 'date-time' })

export const CredentialView = Type.Object({
  user: Type.String(),
  topic: Type.String(),
  bootstrap: Type.String(),
  /** The first of `groupPrefixes`. */
  groupPrefix: Type.String(),
  /** Consumer groups of the user's name and of names that begin like these are its own. */
  groupPrefixes: Type.Array(Type.String()),
  createdAt: Time,
  expiresAt: Type.Optional(Time),
})
export function credentialView(
  record: CredentialRecord,
  { bootstrap, groupPrefixes }: { readonly bootstrap: string; readonly groupPrefixes: string[] },
): Static<typeof CredentialView> {
  const { user, topic, createdAt, expiresAt } = record
  const ends = expiresAt === undefined ? {} : { expiresAt }
  return { user, topic, bootstrap, groupPrefix: `${user}.`, groupPrefixes, createdAt, ...ends }
}

/** Programs that read a topic, and settings of Kafka's Java clients. Under TLS they read the authority's certificate from skysieve-ca.pem. */
export const Consumers = Type.Object({
  python: Type.String(),
  kcat: Type.String(),
  kafkajs: Type.String(),
  properties: Type.String(),
})
/** How a client's connection to a broker is secured. */
export const Security = Type.Object({
  protocol: Type.Union([Type.Literal('SASL_PLAINTEXT'), Type.Literal('SASL_SSL')]),
  /** Certificate of the authority that signed the broker's, as PEM; absent where clients know it already. */
  ca: Type.Optional(Type.String()),
})
/** The only answer about a topic that ever holds a Kafka password. */
export const FreshCredential = Type.Object({
  ...CredentialView.properties,
  password: Type.String(),
  mechanism: Type.Literal('SCRAM-SHA-512'),
  ...Security.properties,
  consumers: Consumers,
})

export const LoginView = Type.Object({
  user: Type.String(),
  label: Type.String(),
  bootstrap: Type.String(),
  /** Consumer groups of these names and beneath them are the user's. */
  groupPrefixes: Type.Array(Type.String()),
  topics: Type.Array(Type.String()),
  /** The same login on the nodes, with the topics of the account's filters there. */
  nodes: Type.Array(
    Type.Object({ mirror: Type.String(), bootstrap: Type.String(), topics: Type.Array(Type.String()) }),
  ),
  /** Its share of the account's quota; null is without a limit. */
  bytesPerSecond: Type.Union([Type.Integer(), Type.Null()]),
  requestPercent: Type.Union([Type.Integer(), Type.Null()]),
  createdAt: Time,
  rotatedAt: Type.Optional(Time),
  expiresAt: Type.Optional(Time),
})
export const FreshLogin = Type.Object({
  ...LoginView.properties,
  password: Type.String(),
  mechanism: Type.Literal('SCRAM-SHA-512'),
  ...Security.properties,
})
