// In: a seed. Out: the embedded synthetic survey: any alert of any visit, as an object with its packet. On the way: exposures.ts (the calendar),
// light-curves.ts (what a visit shows), alerts.ts (records), cutouts.ts (images), encode-alert.ts (bytes).
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { framePacket } from '../packet-frame.ts'
import { openAlerts, type SyntheticAlert } from './alerts.ts'
import { openCutouts } from './cutouts.ts'
import { openEncoder } from './encode-alert.ts'
import { type Exposure, exposure } from './exposures.ts'
import { openRandom } from './random.ts'
import { SYNTHETIC_SCHEMA, SYNTHETIC_SCHEMA_ID } from './schemas/rubin-schema.ts'

export interface SyntheticPacket {
  readonly alertId: bigint
  readonly visit: bigint
  readonly alert: SyntheticAlert
  /** Framed, as it goes to the hub. */
  readonly packet: Buffer
}

export interface SyntheticSource {
  readonly schemaId: number
  readonly schemaJson: string
  /** The visit with that number, counted from 0. */
  exposure(visitNumber: number): Exposure
  /** The alert with that number (0 to 2^19 - 1) of a visit; the same on every call and every machine. */
  packet(visitNumber: number, alertNumber: number): SyntheticPacket
}

const MAX_ALERTS = 1 << 19
const DEFAULT_SEED = 1

/** Opens the source. Two sources of one seed make the same bytes. */
export const openSyntheticSource = ({ seed = DEFAULT_SEED }: { readonly seed?: number } = {}): SyntheticSource => {
  const encode = openEncoder(parseSchema(SYNTHETIC_SCHEMA))
  const alertOf = openAlerts(openRandom(seed), openCutouts(seed))
  return {
    schemaId: SYNTHETIC_SCHEMA_ID,
    schemaJson: SYNTHETIC_SCHEMA,
    exposure,
    packet: (visitNumber, alertNumber) => {
      if (!Number.isInteger(alertNumber) || alertNumber < 0 || alertNumber >= MAX_ALERTS)
        throw new RangeError(`A synthetic visit has no alert number ${alertNumber}; it has 0 to ${MAX_ALERTS - 1}`)
      const at = exposure(visitNumber)
      const pointing = openRandom(seed, visitNumber)
      const field = { ra: pointing.between(0, 360), dec: pointing.between(-70, 10) }
      const alert = alertOf(at, alertNumber, field, openRandom(seed, visitNumber, alertNumber))
      return {
        alertId: alert.diaSourceId,
        visit: at.visit,
        alert,
        packet: framePacket(SYNTHETIC_SCHEMA_ID, encode(alert)),
      }
    },
  }
}
