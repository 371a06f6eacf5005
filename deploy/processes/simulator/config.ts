// What the simulator is told.
import { Type, type Static } from 'typebox'
import { BrokerConfig } from '../broker-config.ts'

export const SimulatorConfig = Type.Object(
  {
    /** The hub's broker; the user needs WRITE on the alert topics. */
    hub: BrokerConfig,
    registryUrl: Type.String({ pattern: '^https?://' }),
    opsPort: Type.Integer({ minimum: 1, maximum: 65_535 }),
    /** Where the number of the next synthetic visit is kept. */
    dataDir: Type.String(),
    /** Alerts of a synthetic visit. */
    alerts: Type.Integer({ minimum: 1, maximum: 500_000, default: 1000 }),
    /** Seconds from the start of one visit to the start of the next. */
    intervalS: Type.Number({ minimum: 0, default: 37 }),
    /** Visits to play; without it synthetic visits do not end. */
    visits: Type.Optional(Type.Integer({ minimum: 1 })),
    /** A folder of real packets, played once through instead of synthetic ones. */
    source: Type.Optional(Type.String()),
    /** What an operator types to put the folder's schemas in, with the address and the user that it takes. */
    schemaCommand: Type.String({ default: 'skysieve schema sync DIR' }),
    /** Plays one synthetic visit over and over. */
    repeat: Type.Boolean({ default: false }),
    seed: Type.Integer({ minimum: 0, default: 1 }),
    /** Sends a visit in the bursts of DMTN-149 (3 s) instead of over 80 % of the interval. */
    burst: Type.Boolean({ default: false }),
  },
  { additionalProperties: false },
)

export type SimulatorConfig = Static<typeof SimulatorConfig>
