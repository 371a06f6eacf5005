// Kafka headers of a delivery: where it comes from and why it is there. The value stays the packet as received.
import { type Source } from '../cap/visit.ts'
import { type DeadLetter, type Delivery } from './piece.ts'

export const sourceText = ({ topic, partition, offset }: Source): string => `${topic}-${partition}-${offset}`

/** All values are strings (contract: filters/README.md). */
export const deliveryHeaders = (delivery: Delivery): [name: string, value: string][] => {
  const headers: [string, string][] = [
    ['skysieve-filter', delivery.filter],
    ['skysieve-version', String(delivery.version)],
    ['skysieve-visit', delivery.visit.toString()],
    ['skysieve-alert', delivery.alert.toString()],
    ['skysieve-position', String(delivery.position)],
    ['skysieve-source', sourceText(delivery.source)],
    ['skysieve-evaluated', new Date(delivery.evaluatedMs).toISOString()],
  ]
  if (delivery.score !== undefined) headers.push(['skysieve-score', String(delivery.score)])
  if (delivery.annotations !== undefined) headers.push(['skysieve-annotations', delivery.annotations])
  return headers
}

export const deadLetterHeaders = ({ reason, message, source }: DeadLetter): [name: string, value: string][] => [
  ['skysieve-reason', reason],
  ['skysieve-message', message],
  ['skysieve-source', sourceText(source)],
]
