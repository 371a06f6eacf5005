// What the upstream process is told: the hub, and the folder in which an operator's upstreams lie.
import { Type, type Static } from 'typebox'

export const UpstreamConfig = Type.Object(
  {
    /** The hub's broker; the user writes alert topics, dead letters, skysieve.upstreams and skysieve.status. */
    hub: Type.Object(
      { bootstrap: Type.String(), user: Type.String(), password: Type.String(), ca: Type.Optional(Type.String()) },
      { additionalProperties: false },
    ),
    /** The hub's registry, with user and password for writing. */
    registryUrl: Type.String({ pattern: '^https?://' }),
    /** `<name>.json` for each upstream, followed while this runs. */
    dir: Type.String(),
    opsPort: Type.Integer({ minimum: 1, maximum: 65_535 }),
    logLevel: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], { default: 'info' }),
  },
  { additionalProperties: false },
)

export type UpstreamConfig = Static<typeof UpstreamConfig>
