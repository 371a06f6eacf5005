// Kafka headers of a delivery: where it comes from and why it is there. The value stays the packet as received.
import { type Source } from '../cap/visit.ts'
import { type DeadLetter, type Delivery } from './commit-unit.ts'

export const sourceText = ({ topic, partition, offset }: Source): string => `${topic}-${partition}-${offset}`

/** All values are strings. */
export const deliveryHeaders = (delivery: Delivery): Record<string, string | undefined> => ({
  'skysieve-filter': delivery.filter,
  'skysieve-version': String(delivery.version),
  'skysieve-visit': delivery.visit.toString(),
  'skysieve-alert': delivery.alert.toString(),
  'skysieve-position': String(delivery.position),
  'skysieve-score': delivery.score === undefined ? undefined : String(delivery.score),
  'skysieve-source': sourceText(delivery.source),
  'skysieve-evaluated': new Date(delivery.evaluatedMs).toISOString(),
  'skysieve-annotations': delivery.annotations,
})

export const deadLetterHeaders = ({ reason, message, source }: DeadLetter): Record<string, string> => ({
  'skysieve-reason': reason,
  'skysieve-message': message,
  'skysieve-source': sourceText(source),
})
