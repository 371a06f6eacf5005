// How many replicas of each partition of a topic are in sync, as its subscriber sees it: access and topic as JSON on standard input, numbers as JSON on
// standard output.
import { json } from 'node:stream/consumers'
import { type BrokerAccess, openKafka } from '#hub'

const { access, topic } = (await json(process.stdin)) as { readonly access: BrokerAccess; readonly topic: string }
const admin = openKafka(access, 'e2e').admin()
await admin.connect()
const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
await admin.disconnect()
process.stdout.write(JSON.stringify(topics[0]?.partitions.map(({ isr }) => isr.length) ?? []))
