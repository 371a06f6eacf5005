// One chaos run: a system, its filters, visits played while it is struck, and the audit of what came out.
import { join } from 'node:path'
import { adminAccess, openRegistryClient, openSyntheticSource, STREAMS } from '#hub'
import { type ProcessEvent } from '../start/supervise/supervisor.ts'
import { audit, type Findings } from './audit/audit.ts'
import { awayKinds, faultKinds, faultPlan, type Fault } from './faults/fault-plan.ts'
import { submitFilters } from './system/filters.ts'
import { journalFiles, openJournal } from './visits/journal.ts'
import { play } from './visits/player.ts'
import { injectFaults } from './faults/inject.ts'
import { startChaosSystem } from './system/system.ts'
import { timetable } from './visits/timetable.ts'

export interface ChaosOptions {
  readonly visits: number
  readonly alerts: number
  readonly intervalSeconds: number
  readonly seed: number
  /** Only faults whose "action target" it matches. */
  readonly only?: RegExp
  /** From one fault to the next, shortest and longest. */
  readonly gapSeconds: readonly [number, number]
  /** From the end of a fault on a node to the next there. */
  readonly restSeconds: number
  readonly shards: number
  /** Whether a Python filter is among them and its engine is struck, where there is one. */
  readonly python: boolean
  /** Of every second filter, instead of its own. */
  readonly policy?: 'first' | 'best'
  /** The hub keeps about so many visits, and nodes are away for longer than that. */
  readonly hubVisits?: number
  readonly dataDir: string
  readonly portBase: number
  readonly env: NodeJS.ProcessEnv
  readonly print: (line: string) => void
}

export interface ChaosResult extends Findings {
  readonly visits: number
  readonly faults: readonly Fault[]
  readonly packetBytesMedian: number
  readonly filters: number
}

const S = 1000
/** The engine's rule, as filters/README.md has it. */
const CLOSING = { quietMs: 15 * S, deadlineMs: 90 * S }
/** The last visits close after 15 s; what is still on its way has as long as a recovery may take. */
const AUDIT_LIMIT_SECONDS = 75
/** Of the synthetic survey, at the median. */
const PACKET_BYTES = 111_000
/** Longer than the hub keeps, in intervals beyond its visits. */
const AWAY_INTERVALS = [2, 3.5] as const

/** How long a node is away from a hub that keeps so many visits, shortest and longest. */
export const awayMs = (hubVisits: number, intervalMs: number): readonly [number, number] => {
  const [least, most] = AWAY_INTERVALS
  return [(hubVisits + least) * intervalMs, (hubVisits + most) * intervalMs]
}

const describe = (event: ProcessEvent): string => {
  if (event.type === 'died') return `${event.name} ended: ${event.how}; again in ${event.delayMs / S} s`
  return event.type === 'ready'
    ? `${event.name} is ready after ${(event.afterMs / S).toFixed(1)} s`
    : `${event.name} ${event.type}`
}

/** Starts, plays, strikes, audits and stops. Throws when the system does not start or a fault cannot be done. */
export const runChaos = async (options: ChaosOptions, signal: AbortSignal): Promise<ChaosResult> => {
  const { visits, alerts, intervalSeconds, seed, only, gapSeconds, shards, python, dataDir, portBase, env } = options
  const { hubVisits } = options
  const began = performance.now()
  const print = (line: string): void =>
    options.print(`${((performance.now() - began) / S).toFixed(1).padStart(6)} ${line}`)
  const onEvent = (event: ProcessEvent): void => print(describe(event))
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const system = await startChaosSystem(
    {
      dataDir,
      portBase,
      env,
      keptAlerts: visits * alerts,
      shards,
      python,
      ...(hubVisits === undefined ? {} : { hubBytes: hubVisits * alerts * PACKET_BYTES }),
      onEvent,
      note: print,
    },
    either,
  )
  try {
    const { layout } = system
    const nodes = layout.nodes.map(({ name }) => name)
    const source = openSyntheticSource({ seed })
    await openRegistryClient(layout.hub.registryWriteUrl, either).importSchema({
      id: source.schemaId,
      schemaJson: source.schemaJson,
    })
    const platform = { apiUrl: layout.hub.apiUrl, adminToken: layout.hub.secrets.adminToken }
    const loopsAt = String(source.exposure(Math.floor(visits / 2)).visit)
    const hasEngine = system.engine !== undefined
    const filters = await submitFilters(platform, {
      nodes,
      shards: 1,
      loopsAt,
      python: hasEngine,
      ...(options.policy === undefined ? {} : { policy: options.policy }),
    })
    print(`${filters.length} filters are live; playing ${visits} visits of ${alerts}`)
    const intervalMs = intervalSeconds * S
    const departures = timetable({ visits, alerts, intervalMs, partitions: layout.options.partitions, seed })
    const allKinds =
      hubVisits === undefined ? faultKinds(nodes, hasEngine) : awayKinds(nodes, awayMs(hubVisits, intervalMs))
    const kinds = allKinds.filter(({ action, target }) => only?.test(`${action} ${target}`) ?? true)
    const [least, most] = gapSeconds
    const faults = faultPlan({
      kinds,
      seed,
      // What a node has copied nothing of yet it cannot miss.
      withinMs: [hubVisits === undefined ? intervalMs / 2 : 1.5 * intervalMs, visits * intervalMs],
      gapMs: [least * S, most * S],
      restMs: options.restSeconds * S,
    })
    const onStrike = ({ action, target, forMs }: Fault): void =>
      print(`${action} ${target}${forMs === 0 ? '' : ` for ${(forMs / S).toFixed(1)} s`}`)
    const { topic } = STREAMS.lsst
    const journalDir = join(dataDir, 'journal')
    const journal = await openJournal(journalDir)
    const playAndStrike = async () => {
      try {
        return await Promise.all([
          play({ access: adminAccess(layout.hub.broker), topic, source, departures, journal, signal: either }),
          injectFaults(system, faults, onStrike, either),
        ])
      } finally {
        await journal.close()
      }
    }
    const [played, struck] = await playAndStrike()
    print('everything is played; audit')
    const findings = await audit({
      layout,
      topic,
      filters,
      journal: journalFiles(journalDir),
      hubForgets: hubVisits !== undefined,
      struck,
      closing: CLOSING,
      limitSeconds: AUDIT_LIMIT_SECONDS,
    })
    for (const { action, target, seconds } of findings.recoveries)
      print(`${action} ${target}: keeps up again after ${seconds.toFixed(1)} s`)
    for (const problem of findings.problems) print(problem)
    return { ...findings, visits, faults, packetBytesMedian: played.packetBytesMedian, filters: filters.length }
  } finally {
    stop.abort()
    await system.stop()
    print('stopped')
  }
}
