// npm run bench -- publish [--transactions 60] [--topics 100] [--packets 145]: deliveries as a worker writes them, in transactions over many topics; CPU
// of the client and of the broker for each.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import getPort from 'get-port'
import { collectRarely, openAdmin, openProducer, quantileOf, startBroker } from '../index.ts'

const { values: args } = parseArgs({
  options: {
    transactions: { type: 'string', default: '60' },
    topics: { type: 'string', default: '100' },
    packets: { type: 'string', default: '145' },
    'warm-up': { type: 'string', default: '60' },
  },
})
const [transactions, topics, packets, warmUp] = [args.transactions, args.topics, args.packets, args['warm-up']].map(
  Number,
) as [number, number, number, number]
const PACKET_BYTES = 110_000
const TICKS_PER_SECOND = 100
collectRarely()

const brokerMs = (pid: number): { user: number; system: number } => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return {
    user: (Number(fields[11]) * 1000) / TICKS_PER_SECOND,
    system: (Number(fields[12]) * 1000) / TICKS_PER_SECOND,
  }
}
const dir = await mkdtemp(join(tmpdir(), 'skysieve-publish-'))
const broker = await startBroker({
  name: 'bench',
  dir,
  libs: join(import.meta.dirname, '../../.cache/kafka-4.3.1'),
  ports: { client: await getPort(), controller: await getPort() },
  secrets: { admin: randomBytes(9).toString('hex'), broker: randomBytes(9).toString('hex') },
})
try {
  const admin = openAdmin(broker.access)
  const names = Array.from({ length: topics }, (_, at) => `filter.f${at}`)
  await admin.createTopics(names.map(name => ({ name, partitions: 1 })))
  await admin.close()
  const producer = await openProducer(broker.access, { clientId: 'bench', transactionalId: 'bench' })
  const pool = Array.from({ length: 64 }, () => randomBytes(PACKET_BYTES))
  let at = 0
  const run = async (count: number): Promise<number[]> => {
    const times: number[] = []
    for (let i = 0; i < count; i++) {
      const began = performance.now()
      const transaction = await producer.begin()
      await transaction.send(
        Array.from({ length: packets }, () => ({
          topic: names[(at * 37) % topics] ?? '',
          partition: 0,
          value: pool[at++ % pool.length] ?? null,
          headers: {
            'skysieve-filter': 'f',
            'skysieve-version': '1',
            'skysieve-visit': '123456789',
            'skysieve-alert': '9007199254740993',
            'skysieve-position': '3',
            'skysieve-source': 'lsst-alerts-v11-0-12345',
            'skysieve-evaluated': new Date().toISOString(),
          },
        })),
      )
      await transaction.commit()
      times.push(performance.now() - began)
    }
    return times
  }
  await run(warmUp)
  const [own, theirs] = [process.cpuUsage(), brokerMs(broker.pid)]
  const times = (await run(transactions)).toSorted((a, b) => a - b)
  const [{ user, system }, after] = [process.cpuUsage(own), brokerMs(broker.pid)]
  const per = (ms: number): number => Math.round((ms / transactions / packets) * 1000)
  console.log(
    JSON.stringify({
      machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`,
      packetBytes: PACKET_BYTES,
      topics,
      packets,
      transactions,
      transactionMs: {
        p50: Math.round(quantileOf(times, 0.5)),
        p99: Math.round(quantileOf(times, 0.99)),
      },
      clientUs: { user: per(user / 1000), system: per(system / 1000) },
      brokerUs: { user: per(after.user - theirs.user), system: per(after.system - theirs.system) },
    }),
  )
  await producer.close()
} finally {
  await broker.kill()
  await rm(dir, { recursive: true, force: true })
}
