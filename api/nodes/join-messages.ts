// What a node and the API say to each other when it joins: POST /v1/nodes/join. Both sides check what they get against these.
import { Type, type Static } from 'typebox'
import { NodeName } from './node-records.ts'

const Version = Type.String({ pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+$', maxLength: 30 })
const Host = Type.String({ pattern: '^[A-Za-z0-9.:-]{1,253}$' })
const Port = Type.Integer({ minimum: 1, maximum: 65_535 })
const Bytes = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** What a machine says of itself. */
export const MachineFacts = Type.Object(
  {
    hostname: Type.String({ maxLength: 253 }),
    /** Of Skysieve, and of the Kafka it runs. */
    version: Version,
    kafkaVersion: Version,
    cores: Type.Integer({ minimum: 1, maximum: 4096 }),
    memoryBytes: Bytes,
    diskBytes: Bytes,
    diskFreeBytes: Bytes,
    /** Milliseconds since 1970 by its clock, when the request left. */
    clockMs: Type.Number(),
    languages: Type.Array(Type.Enum(['javascript', 'typescript', 'python']), { maxItems: 3 }),
  },
  { additionalProperties: false },
)
export type MachineFacts = Static<typeof MachineFacts>

export const JoinRequest = Type.Object(
  {
    /** `skyjoin_<id>_<secret>_<CA>`; see join-token.ts. */
    token: Type.String({ maxLength: 200 }),
    /** Where the token is for no name in particular. */
    name: Type.Optional(NodeName),
    /** PKCS #10, PEM, self-signed by the node's key, for the names and addresses of its broker. The key never leaves the node. */
    csr: Type.String({ maxLength: 8000 }),
    /** Where the API and subscribers are to reach its broker. */
    address: Type.Object({ host: Host, port: Port }, { additionalProperties: false }),
    shards: Type.Integer({ minimum: 1, maximum: 4 }),
    facts: MachineFacts,
  },
  { additionalProperties: false },
)
export type JoinRequest = Static<typeof JoinRequest>

const KafkaLogin = Type.Object({ user: Type.String(), password: Type.String() })

/** All that a node needs besides what it makes itself; it keeps it in identity.json (mode 0600). */
export const JoinAnswer = Type.Object({
  name: NodeName,
  shards: Type.Integer(),
  hub: Type.Object({ bootstrap: Type.String(), ca: Type.Optional(Type.String()) }),
  registryUrl: Type.String(),
  /** Alert topics as they are on the hub now. */
  alertTopics: Type.Array(Type.Object({ name: Type.String(), partitions: Type.Integer() })),
  /** Users of the hub, and the password that the API's user shall have on the node. */
  hubUsers: Type.Object({ mirrorMaker: KafkaLogin, worker: KafkaLogin }),
  apiUser: KafkaLogin,
  /** For what it asks of the API later. */
  nodeToken: Type.String(),
  /** SHA-256 of the administrator's token, with which /metrics tells filters apart. */
  metricsTokenSha256: Type.String(),
  /** Signed for the key of the request, and its authority; absent where this system speaks plain text. */
  certificate: Type.Optional(Type.String()),
  ca: Type.Optional(Type.String()),
})
export type JoinAnswer = Static<typeof JoinAnswer>
