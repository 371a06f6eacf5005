// A process of its own, as a subscriber is: notes when deliveries become visible to a read_committed reader, and what the node has committed when.
import { setTimeout as sleep } from 'node:timers/promises'
import { PROGRESS_TOPIC } from '#filters'
import { collectRarely, openKafka, openLogReader } from '#hub'
import { watchEnds } from './chain-ends.ts'
import { type Received, type Subscription } from './chain-messages.ts'

const WAIT_MS = 100

collectRarely()

async function run({ access, hub, alertTopic, topics, lane }: Subscription): Promise<void> {
  const deliveries: Received['deliveries'][number][] = []
  const commits: Received['commits'][number][] = []
  const consumer = openKafka(access, 'bench').consumer({ groupId: `bench-${process.pid}`, maxWaitTimeInMs: WAIT_MS })
  await consumer.connect()
  await consumer.subscribe({ topics: [...topics], fromBeginning: true })
  const joined = new Promise(resolve => consumer.on('consumer.group_join', resolve))
  await consumer.run({
    autoCommit: false,
    eachBatch: ({ batch }) => {
      const receivedMs = Date.now()
      for (const { headers, timestamp } of batch.messages)
        deliveries.push({
          topic: batch.topic,
          visit: String(headers?.['skysieve-visit']),
          source: String(headers?.['skysieve-source']),
          evaluatedMs: Date.parse(String(headers?.['skysieve-evaluated'])),
          writtenMs: Number(timestamp),
          receivedMs,
        })
      return Promise.resolve()
    },
  })
  await joined
  const reader = openLogReader(access, { clientId: 'bench', topic: PROGRESS_TOPIC })
  const over = new AbortController()
  const watching = (async () => {
    let next = await reader.end()
    while (!over.signal.aborted) {
      const page = await reader.read(next, WAIT_MS)
      const atMs = Date.now()
      const last = page.records.findLast(({ key }) => key?.toString() === `lane/${lane}`)
      if (last?.value !== undefined && last.value !== null) {
        const { positions } = JSON.parse(last.value.toString()) as Received['commits'][number]
        commits.push({ atMs, positions })
      }
      if (page.next === next) await sleep(1)
      next = page.next
    }
  })()
  const stages = [
    watchEnds({ access: hub, topic: alertTopic, isCommitted: false, signal: over.signal }),
    watchEnds({ access, topic: alertTopic, isCommitted: true, signal: over.signal }),
  ] as const
  process.send?.('ready')
  process.on('message', message => {
    const { report, stop } = message as { readonly report?: true; readonly stop?: true }
    if (report === true)
      process.send?.({ deliveries, commits, onHub: stages[0].ends, onNode: stages[1].ends } satisfies Received)
    if (stop !== true) return
    over.abort()
    void watching.then(() => Promise.all([consumer.disconnect(), reader.close()])).finally(() => process.exit(0))
  })
}

process.once('message', message => {
  void run(message as Subscription).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})
