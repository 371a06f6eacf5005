// One chaos run of a cell: ten visits are played while each of its machines is killed and unplugged in turn, and the audit of what came out.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { adminAccess, openRegistryClient, openSyntheticSource, STREAMS } from '#hub'
import { type ProcessEvent } from '../../start/supervise/supervisor.ts'
import { audit, type Findings } from '../audit/audit.ts'
import { type InjectedFault } from '../faults/inject.ts'
import { submitFilters } from '../system/filters.ts'
import { journalFiles, openJournal } from '../visits/journal.ts'
import { play } from '../visits/player.ts'
import { timetable } from '../visits/timetable.ts'
import { CELL, type CellOptions, type CellSystem, openCell } from './open-cell.ts'
import { openProbeWriter } from './probe-writer.ts'
import { type Strike, strikesFor } from './strikes.ts'
import { openCellWatch, type Role } from './watch-cell.ts'

export interface CellRunOptions extends Pick<CellOptions, 'dataDir' | 'portBase' | 'env'> {
  readonly visits: number
  readonly alerts: number
  readonly seed: number
  readonly only?: RegExp
  readonly print: (line: string) => void
}

/** A strike as it happened. */
interface Struck extends InjectedFault {
  readonly roles: readonly Role[]
  /** Of a writer of transactions, from the strike until the machine was back. */
  readonly writerPauseMs: number
}

export interface CellResult extends Findings {
  readonly visits: number
  readonly filters: number
  readonly struck: readonly Struck[]
  /** Of the strikes that were planned, those that came before everything was played. */
  readonly inTime: boolean
}

const S = 1000
/** A machine is away for longer than the others may take, and has time to come back to them: measured on two cores. */
const AWAY_MS = 20 * S
const STRIKE_EVERY_MS = 60 * S
/** After a strike's end, and before the next. */
const REST_MS = 5 * S
const CLOSING = { quietMs: 15 * S, deadlineMs: 90 * S }
const AUDIT_LIMIT_SECONDS = 90

const describe = (event: ProcessEvent): string => {
  if (event.type === 'died') return `${event.name} ended: ${event.how}`
  return event.type === 'ready'
    ? `${event.name} is ready after ${(event.afterMs / S).toFixed(1)} s`
    : `${event.name} ${event.type}${event.type === 'waiting' ? `: ${event.reason}` : ''}`
}

/** Strikes one after another, each when the cell is whole again. */
const strikeInTurn = async (
  { access, machines, layout }: CellSystem,
  strikes: readonly Strike[],
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly Struck[]> => {
  const watch = openCellWatch(access, CELL, STREAMS.lsst.topic)
  const probe = await openProbeWriter(access)
  const struck: Struck[] = []
  try {
    for (const { action, machine: at } of strikes) {
      const machine = machines[at]
      if (machine === undefined) throw new RangeError(`${layout.nodes.length} cell has no machine ${at}`)
      await watch.whole(signal)
      await sleep(REST_MS, undefined, { signal })
      const roles = await watch.roles(at + 1)
      print(`${action} ${machine.name} (${roles.join(', ')})`)
      probe.longestMs()
      const atMs = Date.now()
      if (action === 'cut') machine.cut()
      else await machine.kill()
      await sleep(AWAY_MS, undefined, { signal })
      const liftedMs = Date.now()
      print(`${machine.name} comes back`)
      if (action === 'cut') machine.mend()
      else await machine.start()
      const writerPauseMs = Math.round(probe.longestMs())
      struck.push({ action, target: `${CELL}-${machine.name}`, atMs, liftedMs, roles, writerPauseMs })
    }
    await watch.whole(signal)
  } finally {
    await Promise.all([probe.close(), watch.close()])
  }
  return struck
}

/** Starts, plays, strikes, audits and stops. Throws when the cell does not start, or does not become whole again. */
export const runCell = async (options: CellRunOptions, signal: AbortSignal): Promise<CellResult> => {
  const { visits, alerts, seed, dataDir, portBase, env, only } = options
  const began = performance.now()
  const print = (line: string): void =>
    options.print(`${((performance.now() - began) / S).toFixed(1).padStart(6)} ${line}`)
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const onEvent: CellOptions['onEvent'] = (event, machine) =>
    print(machine === undefined ? describe(event) : `${machine}: ${describe(event)}`)
  const system = await openCell({ dataDir, portBase, env, keptAlerts: visits * alerts, onEvent, note: print }, either)
  try {
    const { layout } = system
    const { hub } = layout
    const source = openSyntheticSource({ seed })
    const { schemaId: id, schemaJson } = source
    await openRegistryClient(hub.registryWriteUrl, either).importSchema({ id, schemaJson })
    const filters = await submitFilters(
      { apiUrl: hub.apiUrl, adminToken: hub.secrets.adminToken },
      {
        nodes: [CELL],
        shards: system.machines.length,
        loopsAt: String(source.exposure(Math.floor(visits / 2)).visit),
        python: false,
      },
    )
    const strikes = strikesFor(system.machines.length, seed).filter(
      ({ action, machine }) => only?.test(`${action} machine${machine + 1}`) ?? true,
    )
    const intervalMs = Math.ceil((Math.max(1, strikes.length) * STRIKE_EVERY_MS) / visits)
    print(`${filters.length} filters are live; playing ${visits} visits of ${alerts}, one every ${intervalMs / S} s`)
    const departures = timetable({ visits, alerts, intervalMs, partitions: layout.options.partitions, seed })
    const { topic } = STREAMS.lsst
    const journalDir = join(dataDir, 'journal')
    const journal = await openJournal(journalDir)
    const lastDueMs = Date.now() + (departures.at(-1)?.dueMs ?? 0)
    const playAndStrike = async (): Promise<readonly Struck[]> => {
      const failed = new AbortController()
      const whole = AbortSignal.any([either, failed.signal])
      const playing = play({ access: adminAccess(hub.broker), topic, source, departures, journal, signal: whole })
      const striking = strikeInTurn(system, strikes, print, whole)
      try {
        await Promise.all([playing, striking])
        return await striking
      } finally {
        failed.abort()
        await Promise.allSettled([playing, striking])
        await journal.close()
      }
    }
    const struck = await playAndStrike()
    print('everything is played; audit')
    const findings = await audit({
      layout,
      topic,
      filters,
      journal: journalFiles(journalDir),
      hubForgets: false,
      struck,
      closing: CLOSING,
      limitSeconds: AUDIT_LIMIT_SECONDS,
    })
    for (const problem of findings.problems) print(problem)
    const inTime = struck.every(({ liftedMs }) => liftedMs < lastDueMs)
    return { ...findings, visits, filters: filters.length, struck, inTime }
  } finally {
    stop.abort()
    await system.stop()
    print('stopped')
  }
}
