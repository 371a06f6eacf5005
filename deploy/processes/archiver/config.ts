// What the archiver is told: the hub's broker, where the archive is, and how much of it may stay.
import { Type, type Static } from 'typebox'
import { ArchiveSettings } from '#hub'
import { BrokerConfig } from '../broker-config.ts'

export const ArchiverConfig = Type.Object(
  {
    /** The hub's broker. */
    hub: BrokerConfig,
    /** Where the notices' schema is registered. */
    registryUrl: Type.String({ pattern: '^https?://' }),
    opsPort: Type.Integer({ minimum: 1, maximum: 65_535 }),
    archive: ArchiveSettings,
    /** Names of streams; all that are built in where absent. */
    streams: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
    /** Gigabytes of compressed packets of each stream that may stay, the oldest leave first; all of them where absent. */
    maxGb: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
    /** How long a packet ahead of its schema waits. */
    schemaWaitMs: Type.Integer({ minimum: 0, default: 10_000 }),
    /** Of gzip: 1 does without the search for repeated texts, which takes half the time and leaves 4 % more; 9 is the smallest. */
    gzipLevel: Type.Integer({ minimum: 1, maximum: 9, default: 1 }),
    logLevel: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], { default: 'info' }),
  },
  { additionalProperties: false },
)

export type ArchiverConfig = Static<typeof ArchiverConfig>
