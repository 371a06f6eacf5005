// npm run chaos -- --visits 20 --seed N [--interval S]: the last line of output is the result as JSON; exit code 1 unless all is as it should be.
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { DeployError } from '../errors.ts'
import { PURPOSES } from '../setup/purposes.ts'
import { setUp } from '../setup/set-up.ts'
import { CACHE_DIR } from '../paths.ts'
import { freeBase } from '../start/layout/ports.ts'
import { cellChaos } from './cell/cell-chaos.ts'
import { nodesChaos } from './nodes/nodes-chaos.ts'
import { awayMs, runChaos } from './run.ts'
import { isSound, summary } from './summary.ts'
import { upstreamChaos } from './upstream/upstream-chaos.ts'

const { values: args } = parseArgs({
  options: {
    /** 20, or 10 of a cell. */
    visits: { type: 'string' },
    seed: { type: 'string', default: '1' },
    interval: { type: 'string' },
    alerts: { type: 'string' },
    /** Regular expression on "action target", e.g. "kill node1-worker"; "none" strikes nothing. */
    only: { type: 'string' },
    gap: { type: 'string', default: '5-11' },
    /** Broker and MirrorMaker take 10 to 20 s to be back on two cores. */
    rest: { type: 'string', default: '20' },
    /** Of each node: worker processes that share its filters. */
    shards: { type: 'string', default: '1' },
    /** `first` or `best`, for half of the filters instead of their own. */
    policy: { type: 'string' },
    /** The hub keeps about so many visits, and nodes are away for longer: what they miss has to be reported as it is. */
    'hub-visits': { type: 'string' },
    'no-python': { type: 'boolean', default: false },
    'port-base': { type: 'string', default: '23000' },
    /** Visits of a survey that come in by upstreams, instead: takes visits, seed, alerts and port-base. */
    upstream: { type: 'boolean', default: false },
    /** Nodes on machines of their own, which are namespaces, instead: takes visits, seed, alerts, interval, filters and data-dir. */
    nodes: { type: 'boolean', default: false },
    filters: { type: 'string', default: '100' },
    /** A node of three machines instead, each of which is killed and unplugged: takes visits, seed, alerts, only and data-dir. */
    cell: { type: 'boolean', default: false },
    /** Kept after the run when it is given. */
    'data-dir': { type: 'string' },
  },
})
args.visits ??= args.cell ? '10' : '20'
const refuse = (message: string): never => {
  console.error(message)
  process.exit(2)
}
const DEFAULTS = args.nodes ? { interval: '8', alerts: '100' } : { interval: '10', alerts: '400' }
const given = { ...DEFAULTS, ...args }
const numberOf = (
  name: 'visits' | 'seed' | 'interval' | 'alerts' | 'rest' | 'shards' | 'port-base' | 'hub-visits' | 'filters',
): number => {
  const value = Number(given[name])
  return value > 0 ? value : refuse(`--${name} needs a number above 0, not "${given[name]}"`)
}
const [least = Number.NaN, most = least] = args.gap.split('-').map(Number)
if (!(least > 0 && most >= least)) refuse(`--gap needs seconds, as 8 or 8-16, not "${args.gap}"`)

/** A filter's topic keeps 1 GiB, and the audit reads those of filters that pass everything from their beginning. */
const MAX_PACKETS = 9000
if (numberOf('visits') * numberOf('alerts') > MAX_PACKETS)
  refuse(
    `A run has at most ${MAX_PACKETS} packets, or filter topics forget what the audit has to read; choose fewer --visits or --alerts.`,
  )

const policyOf = (text: string | undefined): 'first' | 'best' | undefined =>
  text === undefined || text === 'first' || text === 'best' ? text : refuse(`--policy is first or best, not "${text}"`)
const policy = policyOf(args.policy)
const hubVisits = args['hub-visits'] === undefined ? undefined : numberOf('hub-visits')
/** A node waits for a hub that is silent for a minute and a half at most; what comes later than this may be too late for its visit. */
const MAX_AWAY_S = 50
if (hubVisits !== undefined && awayMs(hubVisits, numberOf('interval'))[1] > MAX_AWAY_S)
  refuse(
    `With these a node would be away for more than ${MAX_AWAY_S} s; choose a shorter --interval or fewer --hub-visits.`,
  )

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
const print = (line: string): void => void process.stderr.write(`${line}\n`)
const parts = PURPOSES.chaos.filter(part => part !== 'engine' || !(args['no-python'] || args.nodes))
await setUp({ parts, cacheDir: CACHE_DIR, env: process.env, print }).catch((error: unknown) => {
  if (error instanceof DeployError) refuse(error.message)
  throw error
})
if (args.upstream) {
  const [visits, seed, alerts] = [numberOf('visits'), numberOf('seed'), numberOf('alerts')]
  process.exit(await upstreamChaos({ visits, seed, alerts, portBase: numberOf('port-base'), print }))
}
/** A visit that takes longer has packets that are further apart than a node waits for. */
const MAX_NODES_INTERVAL_S = 9
if (args.nodes) {
  const intervalSeconds = numberOf('interval')
  if (intervalSeconds > MAX_NODES_INTERVAL_S) refuse(`With --nodes an --interval is ${MAX_NODES_INTERVAL_S} s at most.`)
  const [visits, seed, alerts, filters] = [
    numberOf('visits'),
    numberOf('seed'),
    numberOf('alerts'),
    numberOf('filters'),
  ]
  const dir = args['data-dir'] === undefined ? undefined : resolve(args['data-dir'])
  process.exit(await nodesChaos({ visits, seed, alerts, filters, intervalSeconds, dir, env: process.env, print }))
}
if (args.cell) {
  const only = args.only === undefined ? {} : { only: new RegExp(args.only) }
  const common = { visits: numberOf('visits'), alerts: numberOf('alerts'), seed: numberOf('seed'), ...only }
  const place = { portBase: numberOf('port-base'), dataDir: args['data-dir'], env: process.env }
  process.exit(await cellChaos({ ...common, ...place, print }, stop.signal))
}
const portBase =
  (await freeBase(numberOf('port-base') - 100, 2)) ??
  refuse(`no free ports from ${args['port-base']} on; choose others with --port-base`)
const dataDir = args['data-dir'] ?? (await mkdtemp(join(tmpdir(), 'skysieve-chaos-')))
await mkdir(dataDir, { recursive: true, mode: 0o700 })
if ((await readdir(dataDir)).length > 0) refuse(`${dataDir} is not empty; a run begins with an empty data directory`)
try {
  const [visits, alerts, intervalSeconds, seed] = [
    numberOf('visits'),
    numberOf('alerts'),
    numberOf('interval'),
    numberOf('seed'),
  ]
  const only = args.only === undefined ? {} : { only: new RegExp(args.only) }
  const gapSeconds = [least, most] as const
  const restSeconds = numberOf('rest')
  const shards = numberOf('shards')
  const result = await runChaos(
    {
      visits,
      alerts,
      intervalSeconds,
      seed,
      ...only,
      gapSeconds,
      restSeconds,
      shards,
      ...(policy === undefined ? {} : { policy }),
      ...(hubVisits === undefined ? {} : { hubVisits }),
      python: !args['no-python'],
      dataDir,
      portBase,
      env: process.env,
      print,
    },
    stop.signal,
  )
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`
  console.log(
    JSON.stringify({
      ...summary(result),
      seed,
      alerts,
      intervalSeconds,
      gapSeconds,
      restSeconds,
      shards,
      policy,
      hubVisits,
      machine,
    }),
  )
  process.exitCode = isSound(result, hubVisits !== undefined) ? 0 : 1
} finally {
  if (args['data-dir'] === undefined) await rm(dataDir, { recursive: true, force: true })
}
// The Kafka client leaves the timer of a connection's next login, in 48 minutes, behind when its broker is killed.
process.exit()
