// What an operator decides about the API; part of the process's configuration.
import { Type, type Static } from 'typebox'

/** Each in a host of its own, where the sandbox has as many. */
export const TRIALS_AT_ONCE = 3

/** How long the steps of a filter's move from one node to another may take. */
export const MoveSettings = Type.Object(
  {
    /** The old node finishes the visits it has begun for so long, or until it reports that they are over. */
    finishMinutes: Type.Number({ minimum: 0.01, maximum: 1440, default: 30 }),
    /** No packet of a visit comes later than this after the one before it. */
    lateMinutes: Type.Number({ minimum: 0.01, maximum: 1440, default: 10 }),
    /** Its old topic can be read for so long: as long as a filter's topic keeps what is in it. */
    keepDays: Type.Number({ minimum: 0, maximum: 365, default: 7 }),
  },
  { additionalProperties: false, default: {} },
)
export type MoveSettings = Static<typeof MoveSettings>

/** Limits of accounts and defaults of filters. */
export const ApiSettings = Type.Object(
  {
    /** Shown to callers who need to know where they are: links and job hints. */
    url: Type.String(),
    defaultStream: Type.String({ default: 'lsst' }),
    /** Deliveries per filter and visit unless the submission says less or more. */
    defaultCap: Type.Integer({ minimum: 1, default: 20 }),
    maxCap: Type.Integer({ minimum: 1, default: 1000 }),
    /** Per account, unless its record says otherwise. */
    filtersPerAccount: Type.Integer({ minimum: 1, default: 20 }),
    requestsPerMinute: Type.Integer({ minimum: 1, default: 600 }),
    /** Of answers, per account, unless its record says otherwise. */
    bytesPerMinute: Type.Integer({ minimum: 1000, default: 1_000_000_000 }),
    tokensPerAccount: Type.Integer({ minimum: 1, default: 20 }),
    credentialsPerAccount: Type.Integer({ minimum: 1, default: 50 }),
    /** For all Kafka users of an account together, on each broker. A full stream of Rubin is 30 MB/s in the mean, 330 MB/s in a burst. */
    kafkaBytesPerSecond: Type.Integer({ minimum: 1000, default: 200_000_000 }),
    /** Share of one request thread's time that the Kafka users of an account may take of each broker. */
    kafkaRequestPercent: Type.Integer({ minimum: 1, default: 50 }),
    /** Of the sources of an account's filters, all versions counted. */
    sourceBytesPerAccount: Type.Integer({ minimum: 1000, default: 10_000_000 }),
    versionsPerFilter: Type.Integer({ minimum: 1, default: 100 }),
    moves: MoveSettings,
    /** What the data of a node takes, with room to spare: a node with less is refused when it joins. */
    nodeDiskBytes: Type.Integer({ minimum: 0, default: 0 }),
    /** Languages whose runtime this system has. */
    languages: Type.Array(
      Type.Union([Type.Literal('javascript'), Type.Literal('typescript'), Type.Literal('python')]),
      {
        default: ['javascript', 'typescript'],
      },
    ),
    /** Why there is no Python here and what to do, without a full stop; only where it is no language of this system. */
    pythonMissing: Type.Optional(Type.String()),
    /** The visit that is played over and over, where this system is for who writes clients. */
    integration: Type.Optional(
      Type.Object({ alerts: Type.Integer({ minimum: 1 }), seed: Type.Integer() }, { additionalProperties: false }),
    ),
    /** Address of the schema registry, named in the consumers that topic pages show. */
    registryUrl: Type.Optional(Type.String()),
    /** Where other machines reach this API and the registry, where that is elsewhere. */
    outside: Type.Optional(
      Type.Object({ url: Type.String(), registryUrl: Type.String() }, { additionalProperties: false }),
    ),
  },
  { additionalProperties: false },
)
export type ApiSettings = Static<typeof ApiSettings>

/** Where subscribers and nodes ask the registry. */
export const registryFor = ({ outside, registryUrl }: ApiSettings): string | undefined =>
  outside?.registryUrl ?? registryUrl
