// npm run bench -- history [--filters 300] [--visits 8000]: what a shard takes that has that many visits of the last eight days behind it: memory after a
// restore, and how long that takes. A third of the visits passed nothing; of the others up to 20 alerts went out.
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import getPort from 'get-port'
import { type BrokerAccess, openAdmin, openProducer, startBroker } from '#hub'
import { nodeTopics } from '#mirrors'
import { newVisit } from '../cap/visit.ts'
import { filterKey, PROGRESS_TOPIC, visitKey } from '../progress/keys.ts'
import { encodeVisit } from '../progress/records.ts'
import { WORKER_NODE_FLAGS } from '../worker/node-js-flags.ts'
import { type Restored } from './stand/history-run.ts'

const DAY_MS = 86_400_000
const KEPT_MS = 8 * DAY_MS
const SENT_AT_ONCE = 20_000
const CAP = 20
const QUIET_EVERY = 3

const { values: args } = parseArgs({
  options: { filters: { type: 'string', default: '300' }, visits: { type: 'string', default: '8000' } },
})
const [filters, visits] = [Number(args.filters), Number(args.visits)]

const idOf = (filter: number): string => `fhistory${String(filter).padStart(3, '0')}`

/** A visit as its record is left when nobody has touched it for long. */
function recordOf(filter: number, visit: number, atMs: number): { readonly key: string; readonly value: string } {
  const isQuiet = (filter + visit) % QUIET_EVERY === 0
  const out = isQuiet ? 0 : 1 + ((filter * 7 + visit * 13) % CAP)
  const delivered = Array.from({ length: out }, (_, at) => 170_028_500_000_000_000n + BigInt(visit * 1000 + at))
  const passed = out === CAP ? 350 : out
  const state = { ...newVisit(atMs, atMs + 30_000), seen: 10_000, passed, delivered, overCap: passed - out }
  return { key: visitKey(idOf(filter), 2_026_110_100_000n + BigInt(visit)), value: encodeVisit(state) }
}

async function fill(access: BrokerAccess): Promise<void> {
  const admin = openAdmin(access)
  await admin.createTopics(nodeTopics({ alertTopics: [], shards: 1 }))
  await admin.close()
  const producer = await openProducer(access, { clientId: 'bench' })
  const place = { topic: PROGRESS_TOPIC, partition: 0 }
  const all = Array.from({ length: filters }, (_, filter) => filter)
  const record = { version: 1, generation: 1, strikes: 0, cpuMs: 0 }
  await producer.send(all.map(filter => ({ ...place, key: filterKey(idOf(filter)), value: JSON.stringify(record) })))
  const startMs = Date.now() - KEPT_MS
  let waiting: { readonly key: string; readonly value: string }[] = []
  let sending: Promise<void> = Promise.resolve()
  for (let visit = 0; visit < visits; visit++) {
    const atMs = startMs + Math.floor((visit * KEPT_MS) / visits)
    for (const filter of all) waiting.push(recordOf(filter, visit, atMs))
    if (waiting.length < SENT_AT_ONCE && visit < visits - 1) continue
    await sending
    sending = producer.send(waiting.map(one => ({ ...place, ...one })))
    waiting = []
  }
  await sending
  await producer.close()
}

const restored = (access: BrokerAccess): Promise<Restored> =>
  new Promise((resolve, reject) => {
    const file = join(import.meta.dirname, 'stand/history-run.ts')
    const child = fork(file, { execArgv: [...WORKER_NODE_FLAGS, '--expose-gc'] })
    child.once('message', message => resolve(message as Restored))
    child.once('exit', code => reject(new Error(`${file} ended with ${code}`)))
    child.send({ access, filters })
  })

const dir = await mkdtemp(join(tmpdir(), 'skysieve-bench-'))
const broker = await startBroker({
  name: 'bench',
  dir,
  libs: join(import.meta.dirname, '../../.cache/kafka-4.3.1'),
  ports: { client: await getPort(), controller: await getPort() },
  secrets: { admin: randomBytes(9).toString('hex'), broker: randomBytes(9).toString('hex') },
})
try {
  await fill(broker.access)
  const result = await restored(broker.access)
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`
  console.log(JSON.stringify({ bench: 'history', machine, filters, visits, ...result }))
} finally {
  await broker.stop()
  await rm(dir, { recursive: true, force: true })
}
