// When packets stood on a broker: the ends of a topic's partitions, asked for again and again.
import { setTimeout as sleep } from 'node:timers/promises'
import { Base, kGetConnection, listOffsetsV7, ListOffsetTimestamps, type Connection } from '@platformatic/kafka'
import { type BrokerAccess, platformaticLogin } from '#hub'
import { type Ends } from './messages.ts'

const PAUSE_MS = 15

export interface EndsWatch {
  readonly access: BrokerAccess
  readonly topic: string
  /** Only what a read_committed reader sees. */
  readonly isCommitted: boolean
  readonly signal: AbortSignal
}

export function watchEnds({ access, topic, isCommitted, signal }: EndsWatch): { readonly ends: readonly Ends[] } {
  const client = new Base({
    clientId: 'bench',
    ...platformaticLogin(access),
  })
  const ends: Ends[] = []
  const run = async (): Promise<void> => {
    const metadata = await client.metadata({ topics: [topic] })
    const found = metadata.topics.get(topic)
    const broker = metadata.brokers.values().next().value
    if (found === undefined || broker === undefined) throw new Error(`no topic ${topic}`)
    const connection = await new Promise<Connection>((resolve, reject) => {
      client[kGetConnection](broker, (error, opened) => {
        if (opened === undefined) reject(error ?? new Error('no connection'))
        else resolve(opened)
      })
    })
    const partitions = Array.from({ length: found.partitionsCount }, (_, partitionIndex) => ({
      partitionIndex,
      currentLeaderEpoch: -1,
      timestamp: ListOffsetTimestamps.LATEST,
    }))
    let last = ''
    while (!signal.aborted) {
      const { topics } = await listOffsetsV7.api.async(connection, -1, isCommitted ? 1 : 0, [
        { name: topic, partitions },
      ])
      const now = Object.fromEntries(
        (topics[0]?.partitions ?? []).map(({ partitionIndex, offset }) => [String(partitionIndex), String(offset)]),
      )
      const text = JSON.stringify(now)
      if (text !== last) ends.push({ atMs: Date.now(), ends: now })
      last = text
      await sleep(PAUSE_MS)
    }
    await client.close()
  }
  run().catch((error: unknown) => {
    if (!signal.aborted) console.error('ends', error)
  })
  return { ends }
}
