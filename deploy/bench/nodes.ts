// npm run bench -- nodes [--nodes 3] [--filters 100] [--alerts 10000] [--visits 1] [--warm-up 2] [--rounds 3]
// [--node-machine 8,32,10] [--hub-machine 8,32,10] [--fan-out 20]: what a platform of one node, of two and so on evaluates, and what each node
// costs the hub; and from that what 10, 100 and 1,000 nodes would need for 10,000 filters. Machines are cores, GB, Gbit/s.
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ask, forked } from './chain/ask.ts'
import { type Prepare } from './chain/messages.ts'
import { cpuOf } from './cpu-share.ts'
import {
  byNodes,
  hubUsPerAlert,
  inputsOf,
  partsUsPerAlert,
  platformRate,
  rateOfOwnCores,
  rounded,
  type Run,
} from './nodes/inputs.ts'
import { measurePlatform } from './nodes/measure.ts'
import { type Machine, type Platform, simulate } from './nodes/simulate.ts'
import { freeBase } from '../start/layout/ports.ts'

const { values: args } = parseArgs({
  options: {
    nodes: { type: 'string', default: '3' },
    filters: { type: 'string', default: '100' },
    alerts: { type: 'string', default: '10000' },
    visits: { type: 'string', default: '1' },
    'warm-up': { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    'node-machine': { type: 'string', default: '8,32,10' },
    'hub-machine': { type: 'string', default: '8,32,10' },
    'fan-out': { type: 'string', default: '20' },
    'port-base': { type: 'string', default: '26500' },
  },
})
const whole = (name: keyof typeof args, least: number): number => {
  const value = Number(args[name])
  if (Number.isInteger(value) && value >= least) return value
  throw new TypeError(`--${name} is a whole number of at least ${least}, not ${args[name]}`)
}
const machineOf = (name: 'node-machine' | 'hub-machine'): Machine => {
  const [cores = 0, memoryGb = 0, linkGbit = 0, ...others] = args[name].split(',').map(Number)
  if (others.length === 0 && [cores, memoryGb, linkGbit].every(value => value > 0 && Number.isFinite(value)))
    return { cores, memoryBytes: memoryGb * 1e9, linkGbit }
  throw new TypeError(`--${name} is cores, GB of memory and Gbit/s, as in 8,32,10, not ${args[name]}`)
}
/** What an alert costs each node is told apart from what it costs anyway by different numbers of nodes. */
const mostNodes = whole('nodes', 2)
const settings = {
  filters: whole('filters', 2 * mostNodes),
  alerts: whole('alerts', 1),
  visits: whole('visits', 1),
  warmUp: whole('warm-up', 1),
}
const rounds = whole('rounds', 1)
/** Rubin's: 10,000 alerts in each visit of 37 s. */
const RUBIN = { alertsPerVisit: 10_000, visitSeconds: 37 }
const ALERTS_PER_SECOND = RUBIN.alertsPerVisit / RUBIN.visitSeconds
const SIMULATED_NODES = [10, 100, 1000]
const platform: Platform = {
  ...RUBIN,
  filters: 10_000,
  hub: machineOf('hub-machine'),
  node: machineOf('node-machine'),
  use: 0.7,
  replication: 3,
  fanOut: whole('fan-out', 1),
  cap: 20,
  readersPerFilter: 1,
}

const began = performance.now()
const note = (text: string): void =>
  void process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} ${text}\n`)
/** As many digits as a measurement has. */
const inShort = (_: string, value: unknown): unknown => (typeof value === 'number' ? rounded(value, 4) : value)

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
const cores = cpus().length
const loadBefore = loadavg()[0]
const player = forked(join(import.meta.dirname, 'chain/player.ts'))
stop.signal.addEventListener('abort', () => player.kill())
const runs: Run[] = []
try {
  note('packets are made')
  await ask(player, { prepare: { alerts: settings.alerts } } satisfies Prepare)
  for (let round = 0; round < rounds; round++)
    for (let at = 0; at < mostNodes; at++) {
      // Another number comes first in each round.
      const nodes = 1 + ((round + at) % mostNodes)
      note(`round ${round + 1}: a platform of ${nodes}`)
      const portBase = (await freeBase(Number(args['port-base']), nodes)) ?? Number(args['port-base'])
      const common = { ...settings, nodes, alertsPerSecond: ALERTS_PER_SECOND, portBase, player, note }
      const run = await measurePlatform({ ...common, cpuOf: supervisor => cpuOf(supervisor, {}) }, stop.signal)
      note(JSON.stringify({ alertsPerSecond: platformRate(run), cpuUsPerAlert: partsUsPerAlert(run) }, inShort))
      runs.push(run)
    }
} finally {
  player.kill()
}
const all = runs.flatMap(({ stored, live }) => [stored, live])
const bytesPerAlert = all.reduce((sum, { bytes }) => sum + bytes, 0) / all.reduce((sum, { alerts }) => sum + alerts, 0)
const inputs = inputsOf(runs, bytesPerAlert)
console.log(
  JSON.stringify(
    {
      machine: `${cores} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`,
      loadBefore,
      ...settings,
      rounds,
      jit: false,
      packetBytes: inputs.bytesPerAlert,
      alertsPerSecondByNodes: byNodes(runs, platformRate),
      /** By CPU alone, of nodes that have as many cores each to themselves as this machine has. */
      alertsPerSecondOfOwnCoresByNodes: byNodes(runs, run => rateOfOwnCores(run, cores)),
      /** Of a core, at the survey's pace. */
      hubCpuShareByNodes: byNodes(runs, ({ live }) => (hubUsPerAlert(live) * ALERTS_PER_SECOND) / 1e6),
      hubCpuUsPerStoredAlertByNodes: byNodes(runs, ({ stored }) => hubUsPerAlert(stored)),
      cpuUsPerAlert: runs.map(run => ({ nodes: run.live.nodes.length, ...partsUsPerAlert(run) })),
      simulated: { inputs, platform, ...simulate(inputs, platform, SIMULATED_NODES) },
    },
    inShort,
  ),
)
