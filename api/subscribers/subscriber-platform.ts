// What work on subscribers needs of the platform.
import { type SecretBox } from '../accounts/secret-box.ts'
import { type Brokers } from '../brokers/brokers.ts'
import { type ControlState } from '../control/control-state.ts'
import { type ControlWrites } from '../control/control-writes.ts'
import { type ApiSettings } from '../settings.ts'

export interface SubscriberPlatform {
  readonly settings: ApiSettings
  readonly controlState: ControlState
  readonly writes: ControlWrites
  readonly brokers: Brokers
  readonly box: SecretBox
  readonly nowMs: () => number
}
