// npm run bench -- chain [--filters 100] [--visits 5] [--alerts 10000] [--interval 37] [--warm-up 3]
// [--no-burst] [--pass-rates spread|greedy] [--policy first|best]: simulator → hub → MirrorMaker → node → filters → a read_committed subscriber, in a system as
// `skysieve start` starts it. Some visits that do not count come first: an observatory's Java programs have compiled their code.
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { topicOfFilter } from '#filters'
import {
  adminAccess,
  type BrokerAccess,
  openRegistryClient,
  STREAMS,
  SYNTHETIC_SCHEMA,
  SYNTHETIC_SCHEMA_ID,
} from '#hub'
import { openFeed } from '#mirrors'
import { freeBase } from '../start/layout/ports.ts'
import { readIdentity } from '../start/join/identity.ts'
import { workerNames, workerProcess } from '../start/services/workers.ts'
import { ask, forked } from './chain/ask.ts'
import {
  burstFigures,
  doneMs,
  hubToDelivery,
  lagAlerts,
  localFigures,
  type SentTimes,
  spreadOf,
  to20th,
} from './chain/figures.ts'
import { chainSources } from './chain/filters.ts'
import { type Play, type Prepare, type Received, type SentVisit, type Subscription } from './chain/messages.ts'
import { stages } from './chain/stages.ts'
import { startChainSystem, submitBenchFilters } from './chain/system.ts'
import { cpuOf, shares } from './cpu-share.ts'

const { values: args } = parseArgs({
  options: {
    filters: { type: 'string', default: '100' },
    visits: { type: 'string', default: '5' },
    alerts: { type: 'string', default: '10000' },
    interval: { type: 'string', default: '37' },
    'warm-up': { type: 'string', default: '3' },
    'no-burst': { type: 'boolean', default: false },
    'pass-rates': { type: 'string', default: 'spread' },
    policy: { type: 'string', default: 'first' },
    'port-base': { type: 'string', default: '26500' },
  },
})
const [filters, visits, alerts, interval] = [args.filters, args.visits, args.alerts, args.interval].map(Number) as [
  number,
  number,
  number,
  number,
]
const warmUp = Number(args['warm-up'])
const passRates = args['pass-rates']
if (passRates !== 'spread' && passRates !== 'greedy') throw new TypeError('--pass-rates is spread or greedy')
const { policy } = args
if (policy !== 'first' && policy !== 'best') throw new TypeError('--policy is first or best')
const S = 1000
/** Rubin sends the packets of a visit within 30 of its 37 s. */
const SPREAD = 30 / 37
const DRAIN_LIMIT_MS = 60_000
/** Between two looks at what was received; each costs the subscriber some milliseconds. */
const PAUSE_MS = 500
const SETTLED_MS = 3000
/** A system's alert topics keep eight visits; all of the run have to be there at its end, and the last segment is not full. */
const VISITS_KEPT = 8
/** Two bursts, and one to spare. */
const OTHER_VISITS = 3
const STOP_LIMIT_MS = 5000
/** A packet is on the hub and on the node; deliveries come to less than that again. */
const DISK_BYTES_PER_PACKET = 2.5 * 120_000
const TOPIC = STREAMS.lsst.topic
const began = performance.now()
const note = (text: string): void =>
  void process.stderr.write(`${((performance.now() - began) / S).toFixed(1).padStart(6)} ${text}\n`)

/** When each packet on the node was sent into the hub: MirrorMaker keeps the time its producer gave it. */
async function sentTimes(access: BrokerAccess): Promise<SentTimes> {
  const stop = new AbortController()
  const feed = await openFeed({ access, topic: TOPIC, clientId: 'bench', from: 'earliest', signal: stop.signal })
  const times = new Map<number, { offset: bigint; sentMs: number }[]>()
  for await (const item of feed) {
    if (item.kind === 'gap') throw new Error('the node no longer has the first packets of the run')
    const list = times.get(item.partition) ?? []
    for (const { offset, timestampMs } of item.packets) list.push({ offset, sentMs: timestampMs })
    times.set(item.partition, list)
    item.release()
    const { highWatermarks, positions } = feed
    if ([...highWatermarks].every(([partition, end]) => (positions.get(partition) ?? 0n) >= end)) break
  }
  return times
}

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
const dir = await mkdtemp(join(tmpdir(), 'skysieve-chain-'))
const neededGb = Math.ceil(((visits + warmUp + OTHER_VISITS) * alerts * DISK_BYTES_PER_PACKET) / 1e9)
const { bavail, bsize } = await statfs(dir)
const freeGb = Math.floor((bavail * bsize) / 1e9)
if (freeGb < neededGb)
  throw new Error(`${dir} has ${freeGb} GB free and the run needs ${neededGb}; set TMPDIR to where there is room`)
const portBase = (await freeBase(Number(args['port-base']), 1)) ?? Number(args['port-base'])
const player = forked(join(import.meta.dirname, 'chain/player.ts'))
const subscriber = forked(join(import.meta.dirname, 'readers/chain-subscriber.ts'))
try {
  note('packets are made')
  await ask(player, { prepare: { alerts } } satisfies Prepare)
  const system = await startChainSystem(
    {
      dataDir: dir,
      portBase,
      alerts: Math.max(Math.ceil((alerts * (visits + warmUp + OTHER_VISITS)) / VISITS_KEPT), 1000),
      note,
      env: process.env,
    },
    stop.signal,
  )
  try {
    const { layout, supervisor } = system
    const [node] = layout.nodes
    if (node === undefined) throw new TypeError('a chain has a node')
    const [onHub, onNode] = [adminAccess(layout.hub.broker), adminAccess(node.broker)]
    const schema = { id: SYNTHETIC_SCHEMA_ID, schemaJson: SYNTHETIC_SCHEMA }
    await openRegistryClient(layout.hub.registryWriteUrl, stop.signal).importSchema(schema)
    const submittedMs = performance.now()
    const ids = await submitBenchFilters(layout, chainSources(filters, passRates), policy)
    const submittedToLiveSeconds = Math.round(performance.now() - submittedMs) / S
    note(`${ids.length} filters are live, ${submittedToLiveSeconds} s after the first was submitted`)
    const subscription: Subscription = {
      access: onNode,
      hub: onHub,
      alertTopic: TOPIC,
      topics: ids.map(topicOfFilter),
      lane: 'live.lsst',
    }
    await ask(subscriber, subscription)

    const cpuNow = () => cpuOf(supervisor, { player: player.pid, subscriber: subscriber.pid })
    const play = async (count: number, profile: 'smooth' | 'burst'): Promise<SentVisit[]> => {
      const pace = { intervalMs: interval * S, spreadMs: interval * S * SPREAD, profile }
      return ask<SentVisit[]>(player, { play: { access: onHub, visits: count, ...pace } } satisfies Play)
    }
    /** Waits until everything that was sent is done; gives what was received. */
    const drained = async (sentPackets: number): Promise<Received> => {
      const deadline = performance.now() + DRAIN_LIMIT_MS
      for (;;) {
        const received = await ask<Received>(subscriber, { report: true })
        const at = received.commits.at(-1)?.positions ?? {}
        // Markers of MirrorMaker's transactions take offsets too.
        const reached = Object.values(at).reduce((sum, position) => sum + Number(position), 0)
        if (reached >= sentPackets && (received.commits.at(-1)?.atMs ?? 0) < Date.now() - S) return received
        if (performance.now() > deadline) return received
        await sleep(PAUSE_MS)
      }
    }
    /** Waits until nothing has been committed for some seconds. */
    const settled = async (): Promise<Received> => {
      const deadline = performance.now() + DRAIN_LIMIT_MS
      for (;;) {
        const received = await ask<Received>(subscriber, { report: true })
        const isQuiet = (received.commits.at(-1)?.atMs ?? 0) < Date.now() - SETTLED_MS
        if (isQuiet || performance.now() > deadline) return received
        await sleep(PAUSE_MS)
      }
    }
    /** Does something while the node has no worker, waits until the mirror has it all, and gives the node its worker back. */
    const withoutWorker = async <T>(
      action: () => Promise<T>,
    ): Promise<{ readonly done: T; readonly startedMs: number }> => {
      await supervisor.stop(workerNames(node), STOP_LIMIT_MS)
      const done = await action()
      for (let seen = -1, now = 0; seen !== now; await sleep(SETTLED_MS)) {
        seen = now
        now = (await ask<Received>(subscriber, { report: true })).onNode.length
      }
      const startedMs = Date.now()
      const answer = readIdentity(node.dir)?.answer
      if (answer === undefined) throw new TypeError('a node that runs has joined')
      const workers = workerNames(node).map((_, at) => workerProcess(layout.machine, node, answer, at))
      await Promise.all(workers.map(worker => supervisor.start(worker, stop.signal)))
      for (const deadline = startedMs + DRAIN_LIMIT_MS; Date.now() < deadline; await sleep(PAUSE_MS))
        if (((await ask<Received>(subscriber, { report: true })).commits.at(-1)?.atMs ?? 0) > startedMs) break
      return { done, startedMs }
    }
    await play(warmUp, 'smooth')
    await drained(warmUp * alerts)
    note('visits that do not count are played')
    const before = cpuNow()
    const playedFrom = performance.now()
    const sent = await play(visits, 'smooth')
    let packetsSent = (visits + warmUp) * alerts
    await drained(packetsSent)
    const cpuShare = shares(before, cpuNow(), (performance.now() - playedFrom) / S)
    note('visits are played')
    const bursts = !args['no-burst']
    const burst = bursts ? (await play(1, 'burst'))[0] : undefined
    await drained((packetsSent += burst === undefined ? 0 : alerts))
    // The local topic alone: what came while the worker was away.
    const local = bursts ? await withoutWorker(async () => (await play(1, 'burst'))[0]) : undefined
    const received = await settled()
    const times = await sentTimes(onNode)

    const done = sent.map(visit => doneMs(times, received, visit))
    const keptUp = done.every((ms, at) => ms !== undefined && ms < (sent[at + 1]?.beginMs ?? Infinity))
    const mirror = ['broker', 'worker', 'worker-hosts'].map(part => cpuShare[`${node.name}-${part}`] ?? 0)
    console.log(
      JSON.stringify({
        machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`,
        filters,
        visits,
        alerts,
        interval,
        jit: false,
        passRates,
        policy,
        visitsThatDoNotCount: warmUp,
        submittedToLiveSeconds,
        deliveries: received.deliveries.length,
        hubToDeliverySeconds: spreadOf(hubToDelivery(times, received, sent)),
        byVisit: sent.map(visit => spreadOf(hubToDelivery(times, received, [visit]))),
        stages: stages(times, received, sent),
        stagesByVisit: sent.map(visit => stages(times, received, [visit])),
        to20thSeconds: spreadOf(to20th(received, sent)),
        sendEndToDoneSeconds: spreadOf(
          sent.flatMap(({ endMs }, at) => (done[at] === undefined ? [] : [done[at] - endMs])),
        ),
        lagAlerts: lagAlerts(times, received, sent),
        keptUp,
        cpuShare,
        mirrorCores: Math.round(mirror.reduce((sum, share) => sum + share, 0) * S) / S,
        burst: burst === undefined ? undefined : burstFigures(times, received, burst, burst.beginMs),
        // Packets that lie in the local topic already, from the first verdict on; a worker's start is not in it.
        burstFromLocalTopic:
          local?.done === undefined ? undefined : localFigures(times, received, local.done, local.startedMs),
      }),
    )
  } finally {
    if (subscriber.connected) subscriber.send({ stop: true })
    await system.stop()
  }
} finally {
  for (const child of [player, subscriber]) child.kill()
  await rm(dir, { recursive: true, force: true })
}
