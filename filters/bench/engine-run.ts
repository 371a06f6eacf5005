// One worker in a process of its own, for the engine bench: works through what is stored, from the first packet to the last commit.
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AvroSchema, collectRarely, parseSchema, STREAMS } from '#hub'
import { openIsolateSandbox } from '#sandbox'
import pino from 'pino'
import { type Counter, type Histogram, Registry } from 'prom-client'
import { openWorker } from '../worker/open-worker.ts'
import { benchManifests, MIRROR } from './bench-filters.ts'
import { cpuSeconds, descendants } from './cpu-time.ts'
import { type Outcome, type Task } from './tasks.ts'

/** Looking at memory costs the measured process CPU. */
const LOOK_MS = 1000

const rssMb = (pid: number): number => {
  try {
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024)
  } catch {
    return 0
  }
}

const hosts = (): number[] => descendants(process.pid)

const sumOf = async (registry: Registry, name: string, suffix = ''): Promise<number> => {
  const metric = registry.getSingleMetric(name) as Counter | Histogram
  const { values } = await metric.get()
  return values
    .filter(value => suffix === '' || (value as { metricName?: string }).metricName?.endsWith(suffix))
    .reduce((sum, { value }) => sum + value, 0)
}

const cpuNow = (brokerPid: number) => {
  const { user, system } = process.cpuUsage()
  return {
    seconds: performance.now() / 1000,
    worker: (user + system) / 1e6,
    hosts: hosts().reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    broker: cpuSeconds(brokerPid),
  }
}

collectRarely()

async function run({ access, brokerPid, alerts, jit, shards, ...task }: Task): Promise<Outcome> {
  const stream = { ...STREAMS.lsst, name: task.stream, topic: task.topic }
  const manifests = new Map(benchManifests(task.filters, stream.name, shards).map(manifest => [manifest.id, manifest]))
  const schemas = new Map<number, AvroSchema>(
    Object.entries(task.schemas).map(([id, schema]) => [Number(id), parseSchema(schema)]),
  )
  const registry = new Registry()
  const log = pino({ level: 'warn' })
  const sandbox = await openIsolateSandbox({
    dir: mkdtempSync(join(tmpdir(), 'skysieve-bench-')),
    logger: log,
    defaults: { jit },
  })
  const worker = await openWorker({
    mirror: MIRROR,
    node: access,
    streams: [stream],
    sandbox,
    manifests: { get: id => manifests.get(id), entries: () => manifests.entries(), onChange: () => () => undefined },
    schemas: { get: id => Promise.resolve(schemas.get(id)) },
    registry,
    log,
  })
  /** Every shard evaluates every alert. */
  const evaluated = async (): Promise<number> => (await sumOf(registry, 'skysieve_feed_packets_total')) / shards
  const commits = (): Promise<number> => sumOf(registry, 'skysieve_commit_seconds', '_count')
  try {
    while ((await evaluated()) === 0) await sleep(2)
    const first = await evaluated()
    const begun = cpuNow(brokerPid)
    let [hostsRssMb, workerRssMb, nextLookMs] = [0, 0, 0]
    while ((await evaluated()) < alerts) {
      await sleep(20)
      if (performance.now() < nextLookMs) continue
      nextLookMs = performance.now() + LOOK_MS
      workerRssMb = Math.max(workerRssMb, rssMb(process.pid))
      hostsRssMb = Math.max(
        hostsRssMb,
        hosts().reduce((sum, pid) => sum + rssMb(pid), 0),
      )
    }
    // Everything is evaluated. Closing commits what waits; the run ends with the last commit, not with the goodbyes that follow.
    const hostsCpu = cpuNow(brokerPid).hosts
    let done = cpuNow(brokerPid)
    let seen = await commits()
    const closing = worker.close()
    const ended = closing.then(() => true)
    while (!(await Promise.race([ended, sleep(5).then(() => false)]))) {
      const now = await commits()
      if (now > seen) done = cpuNow(brokerPid)
      seen = now
    }
    const us = (name: 'worker' | 'hosts' | 'broker', end = done[name]): number =>
      Math.round(((end - begun[name]) * 1e6) / (alerts - first))
    return {
      alertsPerSecond: Math.round((alerts - first) / (done.seconds - begun.seconds)),
      cpuUsPerAlert: { worker: us('worker'), hosts: us('hosts', hostsCpu), broker: us('broker') },
      workerRssMb,
      hostsRssMb,
      deliveries: await sumOf(registry, 'skysieve_deliveries_total'),
      commits: seen,
      commitMeanMs: Math.round(((await sumOf(registry, 'skysieve_commit_seconds', '_sum')) / Math.max(1, seen)) * 1000),
    }
  } finally {
    await worker.close()
    await sandbox.close()
  }
}

process.once('message', message => {
  void run(message as Task).then(outcome => process.send?.(outcome, () => process.exit(0)))
})
