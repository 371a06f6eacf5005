// One transaction for messages that belong together.
import { type Message } from './messages.ts'
import { type Producer } from './producer.ts'

/** Writes all of them in a transaction of their own, or none. Throws what sending and committing throw. */
export const sendInTransaction = async (producer: Producer, messages: readonly Message[]): Promise<void> => {
  const transaction = await producer.begin()
  try {
    await transaction.send(messages)
  } catch (error) {
    await transaction.abort().catch(() => undefined)
    throw error
  }
  await transaction.commit()
}
