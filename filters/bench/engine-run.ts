// One worker in a process of its own, for the engine bench: either it only makes its filters live, or it works through what is stored.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BrokerAccess, parseSchema, STREAMS, SYNTHETIC_SCHEMA, SYNTHETIC_SCHEMA_ID } from '#hub'
import { openIsolateSandbox } from '#sandbox'
import pino from 'pino'
import { Counter, Histogram, Registry } from 'prom-client'
import { openWorker } from '../worker/open-worker.ts'
import { benchManifests } from './bench-filters.ts'
import { cpuSeconds, descendants } from './cpu-time.ts'

export interface Task {
  readonly access: BrokerAccess
  readonly brokerPid: number
  readonly topic: string
  readonly filters: number
  readonly alerts: number
  readonly jit: boolean
  readonly mode: 'register' | 'work'
}

export interface Outcome {
  readonly alertsPerSecond: number
  readonly cpuUsPerAlert: { readonly worker: number; readonly hosts: number; readonly broker: number }
  readonly workerRssMb: number
  readonly hostsRssMb: number
  readonly deliveries: number
  readonly commits: number
  readonly commitMeanMs: number
}

const MIRROR = 'bench'

const below = (): number[] => descendants(process.pid)

const rssMb = async (pid: number): Promise<number> => {
  const { readFile } = await import('node:fs/promises')
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024)
}

async function run({ access, brokerPid, topic, filters, alerts, jit, mode }: Task): Promise<Outcome | undefined> {
  const stream = { ...STREAMS.lsst, name: `bench${filters}`, topic }
  const manifests = new Map(benchManifests(filters, MIRROR, stream.name).map(manifest => [manifest.id, manifest]))
  const schema = parseSchema(SYNTHETIC_SCHEMA)
  const log = pino({ level: 'warn' })
  const registry = new Registry()
  const sandbox = await openIsolateSandbox({
    dir: mkdtempSync(join(tmpdir(), 'skysieve-bench-')),
    logger: log,
    defaults: { jit },
  })
  const begun = { seconds: 0, worker: 0, hosts: 0, broker: 0 }
  const worker = await openWorker({
    mirror: MIRROR,
    node: access,
    streams: [stream],
    sandbox,
    manifests: { get: id => manifests.get(id), entries: () => manifests.entries(), onChange: () => () => undefined },
    schemas: { get: id => Promise.resolve(id === SYNTHETIC_SCHEMA_ID ? schema : undefined) },
    registry,
    log,
  })
  const evaluated = registry.getSingleMetric('skysieve_feed_packets_total') as Counter
  const count = async (): Promise<number> => (await evaluated.get()).values.reduce((sum, { value }) => sum + value, 0)
  const cpuNow = (): typeof begun => ({
    seconds: performance.now() / 1000,
    worker: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
    hosts: below().reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    broker: cpuSeconds(brokerPid),
  })
  try {
    if (mode === 'register') {
      for (;;) {
        const { lanes } = await worker.health()
        if (lanes.some(lane => lane.filters === filters)) return undefined
        await sleep(50)
      }
    }
    while ((await count()) === 0) await sleep(5)
    const first = await count()
    Object.assign(begun, cpuNow())
    let hostsRssMb = 0
    let workerRssMb = 0
    while ((await count()) < alerts) {
      await sleep(50)
      workerRssMb = Math.max(workerRssMb, await rssMb(process.pid))
      hostsRssMb = Math.max(
        hostsRssMb,
        (await Promise.all(below().map(rssMb))).reduce((sum, mb) => sum + mb, 0),
      )
    }
    // Everything is evaluated; closing commits what waits.
    const evaluatedAt = cpuNow()
    const deliveries = async (): Promise<number> =>
      ((await (registry.getSingleMetric('skysieve_deliveries_total') as Counter).get()).values ?? []).reduce(
        (sum, { value }) => sum + value,
        0,
      )
    const commits = async (): Promise<{ count: number; sum: number }> => {
      const { values } = await (registry.getSingleMetric('skysieve_commit_seconds') as Histogram).get()
      const of = (suffix: string): number => values.find(({ metricName }) => metricName?.endsWith(suffix))?.value ?? 0
      return { count: of('_count'), sum: of('_sum') }
    }
    await worker.close()
    if (process.env['DEBUG'])
      console.error(
        JSON.stringify(
          (await (registry.getSingleMetric('skysieve_filter_evaluations_total') as Counter).get()).values.slice(0, 12),
        ),
      )
    const done = { ...cpuNow(), hosts: evaluatedAt.hosts }
    const n = alerts - first
    const us = (name: 'worker' | 'hosts' | 'broker'): number => Math.round(((done[name] - begun[name]) * 1e6) / n)
    const { count: made, sum } = await commits()
    return {
      alertsPerSecond: Math.round(n / (done.seconds - begun.seconds)),
      cpuUsPerAlert: { worker: us('worker'), hosts: us('hosts'), broker: us('broker') },
      workerRssMb,
      hostsRssMb,
      deliveries: await deliveries(),
      commits: made,
      commitMeanMs: Math.round((sum / Math.max(1, made)) * 1000),
    }
  } finally {
    await worker.close()
    await sandbox.close()
  }
}

process.once('message', message => {
  void run(message as Task).then(outcome => process.send?.(outcome ?? {}, () => process.exit(0)))
})
