// Settings of an API process: where it listens, the brokers it serves, Redis, and what its operator decided.
import { Type, type Static } from 'typebox'
import { ApiSettings } from '#api'
import { ArchiveSettings } from '#hub'
import { BrokerConfig } from '../broker-config.ts'
import { ContainersConfig, SandboxConfig } from '../process-sandbox.ts'

const Port = Type.Integer({ minimum: 1, maximum: 65_535 })

export const ApiConfig = Type.Object(
  {
    host: Type.String({ default: '127.0.0.1' }),
    port: Port,
    opsPort: Port,
    hub: BrokerConfig,
    /** Where other machines reach the hub's broker, over TLS, and what they trust. */
    hubOutside: Type.Optional(
      Type.Object({ bootstrap: Type.String(), ca: Type.String() }, { additionalProperties: false }),
    ),
    /** Where other machines reach this API, over TLS. */
    outside: Type.Optional(
      Type.Object({ host: Type.String(), port: Port, keystore: Type.String() }, { additionalProperties: false }),
    ),
    /** Nodes on this machine, by name: how they are reached without the network. */
    near: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Object({ bootstrap: Type.String(), ca: Type.Optional(Type.String()) }, { additionalProperties: false }),
      ),
    ),
    /** The authority that signs nodes' certificates: the hub's process, by its ops port. Absent where this system speaks plain text. */
    authority: Type.Optional(
      Type.Object({ port: Port, secretFile: Type.String(), ca: Type.String() }, { additionalProperties: false }),
    ),
    redis: Type.Object(
      { host: Type.String({ default: '127.0.0.1' }), port: Port, password: Type.String() },
      { additionalProperties: false },
    ),
    /** SHA-256 of the administrator's token, in hex. */
    adminTokenSha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    /** 32 bytes in base64; seals what has to be read back. */
    platformKey: Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' }),
    /** Where trials keep their files while they run. */
    dataDir: Type.String(),
    settings: ApiSettings,
    /** The archive of alerts, where this system keeps one. */
    archive: Type.Optional(ArchiveSettings),
    /** Where trials run. */
    sandbox: SandboxConfig,
    containers: Type.Optional(ContainersConfig),
    logLevel: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], { default: 'info' }),
  },
  { additionalProperties: false },
)
export type ApiConfig = Static<typeof ApiConfig>
