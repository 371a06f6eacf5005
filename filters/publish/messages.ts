// A transaction's units as Kafka messages.
import { topicOfFilter } from '../manifest.ts'
import { PROGRESS_TOPIC } from '../progress/keys.ts'
import { type CommitUnit } from './commit-unit.ts'
import { deadLetterHeaders, deliveryHeaders } from './headers.ts'
import { overCapMessages } from './over-cap-messages.ts'
import { DEAD_LETTERS_TOPIC, LOGS_TOPIC } from './topics.ts'
import { newestChanges } from './transaction-plan.ts'

/** What the producer takes. */
export interface Message {
  readonly topic: string
  readonly partition?: number
  readonly key?: string
  readonly value: string | Buffer | null
  readonly headers?: Readonly<Record<string, string | undefined>>
}

/** Everything that the units lead to; the progress records come last, in the shard's partition. */
export function messagesOf(units: readonly CommitUnit[], shard: number): Message[] {
  const messages: Message[] = []
  for (const { deliveries, deadLetters, logs } of units) {
    for (const delivery of deliveries)
      messages.push({
        topic: topicOfFilter(delivery.filter),
        partition: 0,
        value: delivery.packet,
        headers: deliveryHeaders(delivery),
      })
    for (const letter of deadLetters)
      messages.push({
        topic: DEAD_LETTERS_TOPIC,
        partition: 0,
        value: letter.packet,
        headers: deadLetterHeaders(letter),
      })
    for (const lines of logs) messages.push({ topic: LOGS_TOPIC, key: lines.filter, value: JSON.stringify(lines) })
  }
  messages.push(...overCapMessages(units))
  for (const [key, change] of newestChanges(units))
    messages.push({ topic: PROGRESS_TOPIC, partition: shard, key, value: change() })
  return messages
}
