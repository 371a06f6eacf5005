// One worker in a process of its own, for live runs: is asked what it does while packets come in.
import { setTimeout as sleep } from 'node:timers/promises'
import { collectRarely } from '#hub'
import { type BenchWorker, hosts, openBenchWorker, rssMb } from '../worker/bench-worker.ts'
import { cpuSeconds } from '../worker/process-usage.ts'
import { type LiveQuestion, type Look } from './live-messages.ts'

const POLL_MS = 50
const OWN = 'own.'

collectRarely()
let bench: BenchWorker | undefined

async function answer(question: LiveQuestion): Promise<unknown> {
  if ('open' in question) {
    bench = await openBenchWorker(question.open)
    return up(bench, question.open.filters.filter(({ language }) => language !== 'python').length)
  }
  if (bench === undefined) throw new Error('The worker is not open')
  return 'python' in question ? setPython(bench, question.python) : look(bench)
}

/** Waits until all isolate filters are in a live lane. */
async function up({ worker }: BenchWorker, filters: number): Promise<void> {
  const isUp = async (): Promise<boolean> => {
    const { lanes } = await worker.health()
    return lanes.filter(({ lane }) => !lane.startsWith(OWN)).reduce((sum, lane) => sum + lane.filters, 0) === filters
  }
  while (!(await isUp())) await sleep(POLL_MS)
}

async function setPython({ worker, manifests, put }: BenchWorker, runs: boolean): Promise<void> {
  const python = manifests().filter(({ versions }) => versions[0]?.language === 'python')
  for (const manifest of python) put({ ...manifest, state: runs ? 'active' : 'paused' })
  const wanted = runs ? python.length : 0
  const open = async (): Promise<number> =>
    (await worker.health()).lanes.filter(({ lane, filters }) => lane.startsWith(OWN) && filters > 0).length
  while ((await open()) !== wanted) await sleep(POLL_MS)
}

async function look({ worker, manifests, sum }: BenchWorker): Promise<Look> {
  const { user, system } = process.cpuUsage()
  const python = new Set(manifests().flatMap(({ id, versions }) => (versions[0]?.language === 'python' ? id : [])))
  const { lanes } = await worker.health()
  return {
    workerRssMb: rssMb(process.pid),
    workerCpu: (user + system) / 1e6,
    hostsCpu: hosts().reduce((total, pid) => total + cpuSeconds(pid), 0),
    deliveries: await sum('skysieve_deliveries_total'),
    pythonDeliveries: await sum('skysieve_deliveries_total', { filter: id => python.has(id) }),
    pythonLag: lanes.filter(({ lane }) => lane.startsWith(OWN)).reduce((total, { lagAlerts }) => total + lagAlerts, 0),
  }
}

process.on('message', message => {
  void answer(message as LiveQuestion).then(reply => process.send?.(reply ?? true))
})
process.once('disconnect', () => {
  void (bench?.close() ?? Promise.resolve()).finally(() => process.exit(0))
})
