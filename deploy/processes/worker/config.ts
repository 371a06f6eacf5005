// What a worker is told: its mirror, its own broker, the hub it reports to, and how its sandbox shall be.
import { Type, type Static } from 'typebox'
import { BrokerConfig } from '../broker-config.ts'
import { ContainersConfig, SandboxConfig } from '../process-sandbox.ts'

export const WorkerConfig = Type.Object(
  {
    mirror: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }),
    /** Of a mirror of three machines: which of them this is. */
    machine: Type.Optional(Type.Integer({ minimum: 1, maximum: 3 })),
    /** How many the mirror has; the group protocol hands them out. */
    shards: Type.Integer({ minimum: 1, default: 1 }),
    /** The mirror's own broker. */
    local: BrokerConfig,
    /** Where status goes; losing it stops nothing. */
    hub: BrokerConfig,
    /** Of the hub, that only this node writes; a hub of a former version has one for all nodes. */
    statusTopic: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,200}$' })),
    /** Asked for schemas that have not arrived on the node. */
    registryUrl: Type.Optional(Type.String({ pattern: '^https?://' })),
    opsPort: Type.Integer({ minimum: 1, maximum: 65_535 }),
    /** SHA-256 in hex of the token with which /metrics tells filters apart; `npm start` gives the administrator's. */
    metricsTokenSha256: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
    /** Files of the sandbox's hosts go below it. */
    dataDir: Type.String(),
    /** Names of streams; all that are built in where absent. */
    streams: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
    /** How long a packet ahead of its schema waits. */
    schemaWaitMs: Type.Integer({ minimum: 0, default: 10_000 }),
    /** More than this behind is not ready: a visit of Rubin's by default. */
    maxLagAlerts: Type.Integer({ minimum: 1, default: 10_000 }),
    sandbox: SandboxConfig,
    containers: Type.Optional(ContainersConfig),
    logLevel: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], { default: 'info' }),
  },
  { additionalProperties: false },
)

export type WorkerConfig = Static<typeof WorkerConfig>
