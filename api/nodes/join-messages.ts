// What a node and the API say to each other when it joins: POST /v1/nodes/join. Both sides check what they get against these.
// A refusal is a problem document (errors.ts, API_JOIN_…); the same request by the same key gets the same answer, however often it is sent.
import { Type, type Static } from 'typebox'
import { NodeName } from '../control/node-records.ts'

const Version = Type.String({ pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+$', maxLength: 30 })
const Host = Type.String({ pattern: '^[A-Za-z0-9.:-]{1,253}$', maxLength: 253 })
const Port = Type.Integer({ minimum: 1, maximum: 65_535 })
const Bytes = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
/** As far as JavaScript's dates reach. */
const MAX_CLOCK_MS = 8.64e15

const Login = Type.Object(
  {
    user: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$', maxLength: 64 }),
    password: Type.String({ pattern: '^[A-Za-z0-9_-]{8,200}$', maxLength: 200 }),
  },
  { additionalProperties: false },
)

/** A Kafka that was there before the node, which has its topics in place of a broker of its own. */
const ExistingKafka = Type.Object(
  {
    /** `host:port` of some of its brokers, with commas between. */
    bootstrap: Type.String({ pattern: '^[A-Za-z0-9.-]+:[0-9]+(,[A-Za-z0-9.-]+:[0-9]+)*$', maxLength: 5200 }),
    /** What its clients trust, PEM; absent where it speaks plain text. */
    ca: Type.Optional(Type.String({ maxLength: 16_000 })),
    /** The API's user there, where its operator has made it; the node makes one as it is told where absent. */
    apiUser: Type.Optional(Login),
    /** Whether the API makes subscribers' users there; else its operator does. */
    makesUsers: Type.Boolean(),
  },
  { additionalProperties: false },
)

/** What a machine says of itself. */
const MachineFacts = Type.Object(
  {
    hostname: Type.String({ pattern: '^[A-Za-z0-9._-]*$', maxLength: 253 }),
    /** Of Skysieve, and of the Kafka it runs. */
    version: Version,
    kafkaVersion: Version,
    cores: Type.Integer({ minimum: 1, maximum: 4096 }),
    memoryBytes: Bytes,
    diskBytes: Bytes,
    /** Free where its data is to lie, and what its own data takes there already: a node that joins again is not refused for that. */
    diskFreeBytes: Bytes,
    /**
     * Milliseconds since 1970 by its clock, when the request left. A request that takes long looks like a clock that is behind: after
     * API_JOIN_CLOCK ask again with a new time, over the connection that is open by now, before believing it.
     */
    clockMs: Type.Number({ minimum: 0, maximum: MAX_CLOCK_MS }),
    languages: Type.Array(Type.Enum(['javascript', 'typescript', 'python']), { maxItems: 3 }),
  },
  { additionalProperties: false },
)

export const JoinRequest = Type.Object(
  {
    /** `skyjoin_<id>_<secret>_<CA>`; see join-token.ts. */
    token: Type.String({ maxLength: 200 }),
    /** Every token is for one node; whoever says which is refused where it is for another. */
    name: Type.Optional(NodeName),
    /**
     * PKCS #10, PEM, self-signed by the node's key (ECDSA, P-256). Its subjectAltName has the host of `address`, and besides at most
     * `localhost`, `127.0.0.1` and `::1`. The key never leaves the node. A system of plain text wants it too: the key is what a join is repeated by.
     */
    csr: Type.String({ maxLength: 8000 }),
    /** Where the API and subscribers are to reach its broker. */
    address: Type.Object({ host: Host, port: Port }, { additionalProperties: false }),
    kafka: Type.Optional(ExistingKafka),
    shards: Type.Integer({ minimum: 1, maximum: 4 }),
    facts: MachineFacts,
  },
  { additionalProperties: false },
)
export type JoinRequest = Static<typeof JoinRequest>

const KafkaLogin = Type.Object({ user: Type.String(), password: Type.String() })

const MachineNumber = Type.Integer({ minimum: 1, maximum: 3 })

/** Three machines are one node: what each has to know of all. */
const JoinedCell = Type.Object({
  /** Which one this is; its broker's id. */
  machine: MachineNumber,
  /** Of the Kafka cluster that their brokers are. */
  clusterId: Type.String(),
  /** All three, by number. They listen at the ports that the one asking does. */
  machines: Type.Array(Type.Object({ machine: MachineNumber, host: Host }), { minItems: 3, maxItems: 3 }),
  /** Of the smallest of their disks: topics are the same on all three. */
  diskBytes: Bytes,
  /** On their brokers, the same on each: of the administrator, and of MirrorMaker and worker. */
  passwords: Type.Object({ admin: Type.String(), mirrorMaker: Type.String(), worker: Type.String() }),
})
export type JoinedCell = Static<typeof JoinedCell>

/** The common name of the certificate of a cell's machine, by which the others let its broker in; no two cells have one in common. */
export const peerName = (node: string, machine: number): string => `${node}-${machine}`

/** While not all machines of a cell have joined: ask again. */
export const JoinWaiting = Type.Object({
  name: NodeName,
  machine: MachineNumber,
  joined: Type.Integer({ description: 'machines that have joined, this one too' }),
  of: Type.Integer(),
})
export type JoinWaiting = Static<typeof JoinWaiting>

/** All that a node needs besides what it makes itself; it keeps it in identity.json (mode 0600). */
export const JoinAnswer = Type.Object({
  name: NodeName,
  /** As they were fixed at the first join. */
  shards: Type.Integer(),
  hub: Type.Object({ bootstrap: Type.String(), ca: Type.Optional(Type.String()) }),
  /** Absent where the system names none. */
  registryUrl: Type.Optional(Type.String()),
  /** Alert topics as they are on the hub now. */
  alertTopics: Type.Array(Type.Object({ name: Type.String(), partitions: Type.Integer() })),
  /** Where its workers report on the hub, which is there by now and nobody else may write. Absent in answers of former versions, where all nodes share one. */
  statusTopic: Type.Optional(Type.String()),
  /** Users of the hub, which are there by now. */
  hubUsers: Type.Object({ mirrorMaker: KafkaLogin, worker: KafkaLogin }),
  /** The API's user as the node has to make it on its own broker. */
  apiUser: KafkaLogin,
  /** Of a machine that stands in for two others, and they for it. */
  cell: Type.Optional(JoinedCell),
  /** For what it asks of the API later. */
  nodeToken: Type.String(),
  /** SHA-256 of the administrator's token, with which /metrics tells filters apart. */
  metricsTokenSha256: Type.String(),
  /** Signed for the key of the request, and its authority; absent where this system speaks plain text. */
  certificate: Type.Optional(Type.String()),
  ca: Type.Optional(Type.String()),
  /** Whether the API has logged in to the node's broker yet: ask again, with the same key, to learn that. Filters are placed there from then on. */
  reached: Type.Boolean(),
  /** Why it has not, when it tried last. */
  why: Type.Optional(Type.String()),
})
export type JoinAnswer = Static<typeof JoinAnswer>
