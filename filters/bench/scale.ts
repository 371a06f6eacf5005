// npm run bench -- scale [--part filters,shards,visits,beside] [--alerts 10000] [--jit]: how rate and latency go with the number of filters, of shards of one worker, of
// packets of a visit, and what 20 filters in Python cost 100 in isolates. Of a run with one part and its
// default options each takes two minutes or less, but for visits, which takes that for each size. A row of the first three has a run over a
// stored topic (alerts/s) and a live run (ms from a packet's timestamp to the commit of its verdicts).
//   filters  [--filters 1,10,50,100,200] live at 270 alerts/s for --seconds 8
//   shards   [--shards 1,2,4]            100 filters, dealt out; every shard reads the whole topic
//   visits   [--visits 10000,30000,40000] 100 filters that are that far behind, and live at that many packets in 37 s
//   beside   [--pairs 3] [--engine SOCKET | none] segments of a visit (--seconds 37); starts a Docker engine of its own where none is named
import { cpus } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import getPort from 'get-port'
import { openSyntheticSource, SYNTHETIC_SCHEMA, SYNTHETIC_SCHEMA_ID } from '#hub'
import { startBenchDocker } from './worker/docker-engine.ts'
import { measureBesidePython } from './live/beside-python.ts'
import { openStand, type Run, type Stored } from './stand/stand.ts'

const FILTERS = 100
const PYTHON_FILTERS = 20
/** Rubin's mean rate, and seconds between two of its visits. */
const PER_SECOND = 270
const INTERVAL_S = 37
const SCHEMAS = { [SYNTHETIC_SCHEMA_ID]: SYNTHETIC_SCHEMA }
const PARTS = ['filters', 'shards', 'visits', 'beside']

const { values: args } = parseArgs({
  options: {
    part: { type: 'string', default: PARTS.join(',') },
    alerts: { type: 'string', default: '10000' },
    seconds: { type: 'string' },
    jit: { type: 'boolean', default: false },
    filters: { type: 'string', default: '1,10,50,100,200' },
    shards: { type: 'string', default: '1,2,4' },
    visits: { type: 'string', default: '10000,30000,40000' },
    pairs: { type: 'string', default: '3' },
    engine: { type: 'string' },
  },
})
/** A live run, and a segment beside Python: a whole visit of Rubin's, of which the rush of its beginning is a part. */
const [seconds, besideSeconds] = [Number(args.seconds ?? 8), Number(args.seconds ?? INTERVAL_S)]
const [alerts, pairs, jit] = [Number(args.alerts), Number(args.pairs), args.jit]
const numbersIn = (list: string): number[] => list.split(',').filter(Boolean).map(Number)
const parts = args.part.split(',')
const unknown = parts.filter(part => !PARTS.includes(part))
if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}; there are ${PARTS.join(', ')}`)
/** A step that takes long is seen. */
const note = (step: object): void =>
  void process.stderr.write(`${JSON.stringify({ atS: Math.round(performance.now() / 1000), ...step })}\n`)

const source = openSyntheticSource()
/** The first packets of a visit. Readers of this process go on meanwhile. */
const packetsOf = async (visit: number, count: number): Promise<Buffer[]> => {
  const packets: Buffer[] = []
  while (packets.length < count) {
    packets.push(source.packet(visit, packets.length).packet)
    if (packets.length % 100 === 0) await setImmediate()
  }
  return packets
}

const startsEngine = parts.includes('beside') && args.engine === undefined
const [stand, ownEngine] = await Promise.all([openStand(), startsEngine ? getPort().then(startBenchDocker) : undefined])
const store = async (packets: number, perVisit: number): Promise<Stored> => {
  note({ storing: packets })
  const topic = `bench-alerts-${perVisit}`
  const packet = (at: number): Buffer => source.packet(Math.floor(at / perVisit), at % perVisit).packet
  const stored = await stand.store({ topic, schemas: SCHEMAS, packets, packet })
  // A broker compiles its own code in its first minute.
  note({ warmingUp: true })
  await stand.run(stored, { filters: 1, alerts: Math.min(packets, alerts), jit })
  return stored
}
const measure = async (stored: Stored, run: Run, perSecond: number): Promise<object> => {
  const behind = await stand.run(stored, run)
  note({ ...run, alertsPerSecond: behind.alertsPerSecond })
  const live = await stand.live(SCHEMAS, run)
  try {
    const played = await live.play(await packetsOf(1000, Math.round(perSecond * seconds)), perSecond)
    note({ ...run, perSecond, p50: played.p50, p99: played.p99 })
    return { stored: behind, startSeconds: live.startSeconds, live: played }
  } finally {
    await live.close()
  }
}

async function byFilters(stored: Stored): Promise<object[]> {
  const rows = []
  for (const filters of numbersIn(args.filters))
    rows.push({ filters, ...(await measure(stored, { filters, alerts, jit }, PER_SECOND)) })
  return rows
}

async function byShards(stored: Stored): Promise<object[]> {
  const rows = []
  for (const shards of numbersIn(args.shards))
    rows.push({ shards, ...(await measure(stored, { filters: FILTERS, alerts, jit, shards }, PER_SECOND)) })
  return rows
}

async function byVisits(): Promise<object[]> {
  const sizes = numbersIn(args.visits)
  const largest = Math.max(...sizes)
  const stored = await store(largest, largest)
  const rows = []
  for (const packets of sizes)
    rows.push({
      packets,
      ...(await measure(stored, { filters: FILTERS, alerts: packets, jit }, packets / INTERVAL_S)),
    })
  return rows
}

async function beside(): Promise<object> {
  const engine = args.engine ?? ownEngine?.socket ?? ''
  const live = await stand.live(SCHEMAS, { filters: FILTERS, jit, python: { filters: PYTHON_FILTERS, engine } })
  try {
    const visit = (number: number, playSeconds = besideSeconds): Promise<Buffer[]> =>
      packetsOf(2000 + number, Math.round(PER_SECOND * playSeconds))
    // What is compiled in the first minute, with both kinds.
    note({ warmingUp: true })
    await live.setPython(true)
    for (const number of [1000, 1001, 1002]) await live.play(await visit(number, seconds), 2 * PER_SECOND)
    await live.setPython(false)
    return await measureBesidePython(live, { pairs, perSecond: PER_SECOND, visit, note })
  } finally {
    await live.close()
  }
}

try {
  const usual = parts.some(part => part === 'filters' || part === 'shards') ? await store(alerts, 10_000) : undefined
  const result = {
    machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`,
    jit,
    alerts,
    packetBytesMedian: usual?.packetBytesMedian,
    ...(usual !== undefined && parts.includes('filters') ? { byFilters: await byFilters(usual) } : {}),
    ...(usual !== undefined && parts.includes('shards') ? { byShards: await byShards(usual) } : {}),
    ...(parts.includes('visits') ? { byVisits: await byVisits() } : {}),
    ...(parts.includes('beside') && args.engine !== 'none' ? { beside: await beside() } : {}),
  }
  console.log(JSON.stringify(result))
} finally {
  await Promise.all([stand.close(), ownEngine?.close()])
}
