// Settings of the hub's service process: the schema registry and its broker.
import { Type, type Static } from 'typebox'
import { BrokerConfig } from '../broker-config.ts'

const Port = Type.Integer({ minimum: 1, maximum: 65_535 })

export const HubConfig = Type.Object(
  {
    /** The hub's broker, as the service's own user. */
    kafka: BrokerConfig,
    host: Type.String({ default: '127.0.0.1' }),
    registryPort: Port,
    /** Where other machines reach the registry, over TLS. */
    outside: Type.Optional(
      Type.Object({ host: Type.String(), port: Port, keystore: Type.String() }, { additionalProperties: false }),
    ),
    /** SHA-256 in hex of the token that changing the registry needs. */
    registryTokenSha256: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
    opsPort: Port,
    /** Signs certificates of nodes, for who has the secret; absent where the system speaks plain text. */
    authority: Type.Optional(
      Type.Object(
        { dir: Type.String(), secretSha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) },
        { additionalProperties: false },
      ),
    ),
    logLevel: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], { default: 'info' }),
  },
  { additionalProperties: false },
)
export type HubConfig = Static<typeof HubConfig>
