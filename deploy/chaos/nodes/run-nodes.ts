// One run of nodes: a hub and two of them run filters while visits play; a third joins and takes its share, the first is drained and removed while the second
// is cut off; then what subscribers found is audited.
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { runOn } from '../../checks/run-on.ts'
import { journalFiles } from '../visits/journal.ts'
import { type NodesFindings, openNodesAudit } from './audit-nodes.ts'
import { openFollowers } from './followers.ts'
import { type Machines, openMachines } from './machines.ts'
import { nodeFilters } from './node-filters.ts'
import type { BegunVisit, LastVisit, PlayPlan } from './play-visits.ts'
import type { ShownFilter, Submitting } from './submit-filters.ts'

export interface NodesOptions {
  /** At the usual interval; rarer ones follow until everything is done. */
  readonly visits: number
  readonly alerts: number
  readonly intervalSeconds: number
  readonly seed: number
  readonly filters: number
  /** Filters that are followed by the command line. */
  readonly followed: number
  /** For how long the second node's cable is out. */
  readonly cutSeconds: number
  readonly moves: { readonly finishMinutes: number; readonly lateMinutes: number }
  readonly dir: string
  readonly env: NodeJS.ProcessEnv
  readonly print: (line: string) => void
}

export interface NodesRun extends NodesFindings {
  readonly visits: number
  readonly filters: number
  /** Filters that run on the third node at the end. */
  readonly takenByThird: number
  /** Of these, by the rebalance. */
  readonly rebalanced: number
  readonly drainedFilters: number
  readonly drainSeconds: number
  readonly joinSeconds: number
  readonly longestDeliverySeconds: number
  /** Followers that ended by themselves. */
  readonly endedFollowers: number
}

const S = 1000
const AUTHOR = 'watcher'
const PARTITIONS = 8
/** Of a run: what the topics keep. */
const MAX_PACKETS = 9000
const MAX_VISITS = 120
/** The engine's rule, as filters/README.md has it. */
const CLOSING = { quietMs: 15 * S, deadlineMs: 90 * S }
/** Visits before the third node joins, and one after the first is gone. */
const VISITS_BEFORE = 2
const VISITS_AFTER = 1
const PAUSE_MS = 2000
/** Only to end a run that will not pass. */
const LIMIT_SECONDS = 300

interface Plan {
  readonly moves: readonly { readonly name: string }[]
  readonly begun: number
}
interface Node {
  readonly placed: number
  readonly drain?: { readonly left: number; readonly moving: number; readonly finishing: number }
}

/** Plays until it is told the last visit. */
const openPlayer = ({ hub }: Machines, plan: Omit<PlayPlan, 'access' | 'registryWriteUrl'>) => {
  const { command, args } = hub.on(process.execPath, [join(import.meta.dirname, 'play-visits.ts')])
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const say = (line: PlayPlan | LastVisit): void => void child.stdin.write(`${JSON.stringify(line)}\n`)
  const begun = { newest: -1 }
  createInterface({ input: child.stdout }).on('line', line => (begun.newest = (JSON.parse(line) as BegunVisit).visit))
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  let isOver = false
  void ended.then(() => (isOver = true))
  say({ ...plan, access: hub.access, registryWriteUrl: hub.registryWriteUrl })
  return {
    /** Resolves when so many visits have begun after those that have now. */
    later: async (visits: number): Promise<void> => {
      const wanted = begun.newest + visits
      while (begun.newest < wanted) {
        if (isOver) throw new Error('the player ended before its time')
        await sleep(100)
      }
    },
    /** Plays what has begun, and at least so many visits in all, to its end; how many there were. */
    finish: async (least: number): Promise<number> => {
      say({ lastVisit: Math.max(begun.newest, least - 1) })
      if ((await ended) !== 0) throw new Error('the player ended with an error')
      return begun.newest + 1
    },
    stop: () => void child.kill('SIGKILL'),
  }
}

/** Submits the filters as their author, and waits until all are live. */
const submit = async (
  { on, apiUrl, caFile }: Machines,
  { filters, env }: NodesOptions,
  token: string,
): Promise<readonly ShownFilter[]> => {
  const submitting: Submitting = { apiUrl, token, filters: nodeFilters(filters) }
  const own = { ...env, NODE_EXTRA_CA_CERTS: caFile }
  const program = join(import.meta.dirname, 'submit-filters.ts')
  return JSON.parse(await runOn(on, program, [], { env: own, stdin: JSON.stringify(submitting) }))
}

/** Some of each node's, in turn. */
const someOfEach = (filters: readonly ShownFilter[], count: number): readonly ShownFilter[] => {
  const byNode = [...Map.groupBy(filters, ({ placement }) => placement?.mirror).values()]
  return Array.from({ length: count }, (_, at) => byNode[at % byNode.length]?.[Math.floor(at / byNode.length)]).filter(
    one => one !== undefined,
  )
}

/** Asks until nothing is left to move, as an operator does; how many moved. */
const rebalance = async ({ skysieve }: Machines): Promise<number> => {
  for (let begun = 0; ;) {
    const plan = await skysieve<Plan>('node', 'rebalance')
    begun += plan.begun
    if (plan.moves.length === 0) return begun
    await sleep(PAUSE_MS)
  }
}

/** Whole, from the first machine to the audit. Throws when a step cannot be done; nothing is left running. */
export const runNodes = async (options: NodesOptions): Promise<NodesRun> => {
  const { visits, alerts, intervalSeconds, seed, followed, cutSeconds, moves, dir, env } = options
  const began = performance.now()
  const secondsSince = (ms: number): number => Math.round((performance.now() - ms) / 100) / 10
  const print = (line: string): void => options.print(`${secondsSince(began).toFixed(1).padStart(6)} ${line}`)
  const closing: (() => Promise<void> | void)[] = []
  try {
    const machines = await openMachines({ dir, moves, env })
    closing.push(machines.close)
    const { skysieve } = machines
    const [first, second] = await Promise.all([machines.join('first'), machines.join('second')])
    print('the hub and two nodes are ready')
    const limits = ['--filters', '1000', '--requests-per-minute', '100000']
    const { token, login } = await skysieve<{
      readonly token: string
      readonly login: { readonly user: string; readonly password: string }
    }>('user', 'add', AUTHOR, ...limits, '--login', 'main')
    const filters = await submit(machines, options, token)
    print(`${filters.length} filters are live`)
    const folder = (name: string): string => {
      const path = join(dir, name)
      mkdirSync(path, { recursive: true, mode: 0o700 })
      return path
    }
    const journalDir = folder('journal')
    const followers = openFollowers(machines, {
      dir: folder('followers'),
      env,
      token,
      filters: someOfEach(filters, followed),
    })
    closing.push(followers.stop)
    const player = openPlayer(machines, {
      dir: journalDir,
      visits,
      maxVisits: Math.min(MAX_VISITS, Math.floor(MAX_PACKETS / alerts)),
      alerts,
      intervalMs: intervalSeconds * S,
      partitions: PARTITIONS,
      seed,
    })
    closing.push(player.stop)
    await player.later(VISITS_BEFORE)

    const joiningMs = performance.now()
    const third = await machines.join('third')
    const joinSeconds = secondsSince(joiningMs)
    print('the third node has joined')
    const rebalanced = await rebalance(machines)
    print(`${rebalanced} filters have moved to it`)
    await player.later(1)

    const drainingMs = performance.now()
    const { placed: drainedFilters } = await skysieve<Node>('node', 'show', first.name)
    const draining = { isOver: false }
    const drained = skysieve('node', 'drain', first.name, '--watch').finally(() => (draining.isOver = true))
    // Awaited below: what it throws meanwhile is kept until then.
    drained.catch(() => undefined)
    for (let left = drainedFilters; left === drainedFilters && !draining.isOver;) {
      await sleep(PAUSE_MS / 4)
      left = (await skysieve<Node>('node', 'show', first.name)).drain?.left ?? left
    }
    print(`${drainedFilters} filters leave the first; the second is cut off`)
    second.cut()
    await sleep(cutSeconds * S)
    second.mend()
    print('the second is back')
    await drained
    const drainSeconds = secondsSince(drainingMs)
    print('the first is empty')
    const audit = openNodesAudit(machines, {
      filters,
      token,
      login: { user: login.user, password: login.password },
      nodes: [first, second, third],
      journal: journalFiles(journalDir),
      followed: followers.files,
      closing: CLOSING,
      limitSeconds: LIMIT_SECONDS,
    })
    closing.push(audit.close)
    const left = await audit.leave(first.name)
    print(`${left.deliveries} deliveries of ${left.filters} filters were read there; it is removed`)
    await skysieve('node', 'remove', first.name)
    await first.stop()
    await player.later(VISITS_AFTER)
    const played = await player.finish(visits)
    print(`${played} visits are played; audit`)
    const findings = await audit.audit()
    const { placed: takenByThird } = await skysieve<Node>('node', 'show', third.name)
    for (const problem of [...findings.problems, ...followers.ended()]) print(problem)
    return {
      ...findings,
      visits: played,
      filters: filters.length,
      takenByThird,
      rebalanced,
      drainedFilters,
      drainSeconds,
      joinSeconds,
      longestDeliverySeconds: findings.latencyMs.max / S,
      endedFollowers: followers.ended().length,
    }
  } finally {
    for (const close of closing.toReversed()) await close()
    print('stopped')
  }
}

/** Nothing lost, nothing twice, no cap exceeded, every count true, for either kind of subscriber, and the third node has a share. */
export const isNodesRunSound = (run: NodesRun): boolean =>
  run.lost === 0 &&
  run.duplicated === 0 &&
  run.overCap === 0 &&
  run.wrongCounters === 0 &&
  run.wrongDeliveries === 0 &&
  run.endedFollowers === 0 &&
  run.rebalanced > 0 &&
  run.takenByThird > 0
