// The records of skysieve.nodes on the hub: what each mirror node shall be. What it is, its workers report in a topic of its own.
// The topic is compacted and never mirrored; key: `node/<name>`. Only the leading API instance writes it.
import { Type, type Static } from 'typebox'

export const NODES_TOPIC = 'skysieve.nodes'

/** A node's name is part of Kafka users (`skysieve-worker-<name>`), transactional ids and topics. */
export const NodeName = Type.String({ pattern: '^[a-z][a-z0-9-]{0,29}[a-z0-9]$', maxLength: 31 })

/**
 * `expected` until it has joined; `cordoned` takes no new filters; `draining` gives those it has away, and then takes none; `removing` while
 * everything of it is taken away, which whoever leads finishes.
 */
const NODE_STATES = ['expected', 'active', 'cordoned', 'draining', 'removing'] as const
export const NodeState = Type.Enum([...NODE_STATES])
export type NodeState = (typeof NODE_STATES)[number]

const Time = Type.String({ format: 'date-time' })
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })

/** At most 32 of them; a filter's submission may ask for a node that has some. */
export const NodeLabels = Type.Record(
  Type.String({ pattern: '^[a-z][a-z0-9.-]{0,30}$' }),
  Type.String({ pattern: '^[A-Za-z0-9._-]{1,62}$', maxLength: 62 }),
  { maxProperties: 32, additionalProperties: false },
)
export type NodeLabels = Static<typeof NodeLabels>

export const NodeLimits = Type.Object(
  { filters: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })) },
  { additionalProperties: false },
)
export type NodeLimits = Static<typeof NodeLimits>

/** The join token of a node that is expected, or of a machine of one: only its hash is kept. */
const NodeInvitation = Type.Object({
  tokenId: Type.String(),
  sha256: Sha256,
  expiresAt: Time,
  /** SHA-256 of the public key (SPKI, DER) that has used it: with the same key the answer may be asked for again. */
  usedBy: Type.Optional(Sha256),
})
export type NodeInvitation = Static<typeof NodeInvitation>

/** A user of the node on the hub, as every SCRAM user is kept: `sealed` is its salted password under the platform's key. */
const HubUser = Type.Object({
  user: Type.String(),
  iterations: Type.Integer(),
  salt: Type.String(),
  sealed: Type.String(),
})

/** What a machine said of itself when it joined. */
export const NodeMachine = Type.Object({
  hostname: Type.String(),
  version: Type.String(),
  kafkaVersion: Type.String(),
  cores: Type.Integer(),
  memoryBytes: Type.Integer(),
  diskBytes: Type.Integer(),
  languages: Type.Array(Type.String()),
})

/** One of the three machines of a cell. */
const CellMachine = Type.Object({
  /** 1 to 3: its broker's id, and its place among the others for good. Another machine takes it where this one is lost. */
  machine: Type.Integer(),
  /** The newest one, also when it has been used. */
  invitation: NodeInvitation,
  /** Where the others and clients reach it; absent before one has joined for this place. */
  host: Type.Optional(Type.String()),
  /** Worker processes that it runs. */
  workers: Type.Optional(Type.Integer()),
  facts: Type.Optional(NodeMachine),
  joinedAt: Type.Optional(Time),
})
export type CellMachine = Static<typeof CellMachine>

/** What a node of three machines has besides. */
const NodeCell = Type.Object({
  /** Of the Kafka cluster that its three brokers are. */
  clusterId: Type.String(),
  /** For clients, on all three; absent before one has joined. */
  port: Type.Optional(Type.Integer()),
  machines: Type.Array(CellMachine, { minItems: 3, maxItems: 3 }),
})
export type NodeCell = Static<typeof NodeCell>

export const NodeRecord = Type.Object({
  name: NodeName,
  state: NodeState,
  labels: NodeLabels,
  limits: NodeLimits,
  /** The newest one, also when it has been used; absent for a cell, of which each machine has one. */
  invitation: Type.Optional(NodeInvitation),
  /** Of a node of three machines that stand in for each other. */
  cell: Type.Optional(NodeCell),
  /** Fixed when it joins; 0 before. */
  shards: Type.Integer(),
  /** Where API and subscribers reach its broker, `host:port`, or its three brokers, with commas; empty before it has joined. */
  bootstrap: Type.String(),
  /** Certificate authority of its broker's certificate, PEM; absent where it speaks plain text. */
  ca: Type.Optional(Type.String()),
  /** It uses a Kafka of somebody else's, where that one makes subscribers' users and not the API. */
  usersAreGiven: Type.Optional(Type.Boolean()),
  /** SHA-256 of the node's own bearer token. */
  tokenSha256: Type.Optional(Sha256),
  /** JSON of NodeSecrets under the platform's key, bound to `node/<name>`. */
  sealed: Type.String(),
  /** Its MirrorMaker's and its worker's, which are made when it joins. */
  hubUsers: Type.Array(HubUser),
  machine: Type.Optional(NodeMachine),
  /** Whether it reports in a topic of its own alone; absent, it may write the one that nodes of former versions share. */
  reportsAlone: Type.Optional(Type.Boolean()),
  /** The last day of the newest certificate of its broker. */
  certificateUntil: Type.Optional(Type.String({ format: 'date' })),
  /** When the API first logged in to its broker: it takes filters from then on. Absent while that address has not been reached. */
  reachedAt: Type.Optional(Time),
  /** Why it has not been reached, when that was tried last. */
  unreached: Type.Optional(Type.String()),
  createdAt: Time,
  joinedAt: Type.Optional(Time),
  updatedAt: Time,
})
export type NodeRecord = Static<typeof NodeRecord>

/** What the platform knows of a node and nobody else may: passwords in clear, made when the node is added. */
export const NodeSecrets = Type.Object({
  /** Of the API's user on the node's broker. */
  api: Type.String(),
  /** That user's name, where somebody else has made it. */
  apiUser: Type.Optional(Type.String()),
  /** Of the node's MirrorMaker and worker on the hub. */
  mirrorMaker: Type.String(),
  worker: Type.String(),
  /** The node's own bearer token. */
  token: Type.String(),
  /** On the brokers of a cell, which its machines share: of the administrator, and of MirrorMaker and worker. */
  cell: Type.Optional(Type.Object({ admin: Type.String(), mirrorMaker: Type.String(), worker: Type.String() })),
})
export type NodeSecrets = Static<typeof NodeSecrets>

const PREFIX = 'node/'

/** The topic's key of a node. */
export const nodeKey = (name: string): string => `${PREFIX}${name}`

/** The node of a key of the topic. */
export const nodeOfKey = (key: string): string => key.slice(PREFIX.length)
