// One platform with so many nodes, from its start to its end: what it takes for stored packets and for packets at the survey's pace.
import { type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adminAccess, openRegistryClient, STREAMS, SYNTHETIC_SCHEMA, SYNTHETIC_SCHEMA_ID } from '#hub'
import { type Supervisor } from '../../start/supervise/supervisor.ts'
import { ask } from '../chain/ask.ts'
import { chainSources } from '../chain/filters.ts'
import { type Play, type SentVisit } from '../chain/messages.ts'
import { liveFilters, startChainSystem, submitBenchFilters } from '../chain/system.ts'
import { type EvaluatedWatch, watchEvaluated } from './evaluated.ts'
import { watchHop } from './hop.ts'
import { median, type Phase, type Run } from './inputs.ts'
import { residentBytes } from './memory.ts'

export interface MeasureOptions {
  readonly nodes: number
  readonly filters: number
  /** Of a visit; the player has made them. */
  readonly alerts: number
  /** Of each phase, and before them. */
  readonly visits: number
  readonly warmUp: number
  readonly alertsPerSecond: number
  readonly portBase: number
  readonly player: ChildProcess
  /** CPU seconds of each process so far. */
  readonly cpuOf: (supervisor: Supervisor) => ReadonlyMap<string, number>
  readonly note: (text: string) => void
}

/** A system's alert topics keep eight visits; all of the run have to be there at its end. */
const VISITS_KEPT = 8
const LEAST_KEPT = 1000
const S = 1000
/** A process that ends takes its CPU seconds along. */
const ATTEMPTS = 3
const TOPIC = STREAMS.lsst.topic

/** Throws where a node stops, and where there is no node without a filter. */
export async function measurePlatform(options: MeasureOptions, signal: AbortSignal): Promise<Run> {
  const { nodes: count, filters, alerts, visits, warmUp, alertsPerSecond, portBase, player, note } = options
  const dataDir = await mkdtemp(join(tmpdir(), 'skysieve-nodes-'))
  const kept = Math.ceil((alerts * (warmUp + 2 * visits)) / VISITS_KEPT)
  const system = await startChainSystem(
    { dataDir, portBase, nodes: count, alerts: Math.max(kept, LEAST_KEPT), note, env: process.env },
    signal,
  ).catch(async (error: unknown) => {
    await rm(dataDir, { recursive: true, force: true })
    throw error
  })
  const watches: { readonly name: string; readonly ids: readonly string[]; readonly watch: EvaluatedWatch }[] = []
  try {
    const { layout, supervisor } = system
    const schema = { id: SYNTHETIC_SCHEMA_ID, schemaJson: SYNTHETIC_SCHEMA }
    await openRegistryClient(layout.hub.registryWriteUrl, signal).importSchema(schema)
    await submitBenchFilters(layout, chainSources(filters, 'spread'), 'first')
    const placed = await liveFilters(layout, 'lsst')
    for (const { name, broker } of layout.nodes) {
      const ids = placed.get(name) ?? []
      if (ids.length === 0) throw new Error(`${name} has got no filter; submit more than there are nodes`)
      watches.push({ name, ids, watch: watchEvaluated(adminAccess(broker), name, signal) })
    }
    note(`filters: ${watches.map(({ name, ids }) => `${ids.length} on ${name}`).join(', ')}`)

    /** Until every filter of every node has seen all of it. */
    const play = async (number: number, intervalMs: number): Promise<{ sent: SentVisit[]; doneMs: number }> => {
      const pace = { intervalMs, spreadMs: Math.max(intervalMs, 1), profile: 'smooth' as const }
      const access = adminAccess(layout.hub.broker)
      const sent = await ask<SentVisit[]>(player, { play: { access, visits: number, ...pace } } satisfies Play)
      const done = await Promise.all(
        sent.flatMap(({ visit }) => watches.map(({ ids, watch }) => watch.until(visit, ids, alerts))),
      )
      return { sent, doneMs: Math.max(...done) }
    }
    const pids = (): string => supervisor.names.map(name => supervisor.pid(name)).join()
    const phase = async (intervalMs: number, attempt = 1): Promise<Phase> => {
      const running = pids()
      const before = options.cpuOf(supervisor)
      const { sent, doneMs } = await play(visits, intervalMs)
      const after = options.cpuOf(supervisor)
      if (pids() !== running) {
        if (attempt === ATTEMPTS) throw new Error(`a process ended in each of ${ATTEMPTS} plays; is the machine busy?`)
        note('a process ended and came back, which is no part of what is measured; played again')
        return phase(intervalMs, attempt + 1)
      }
      const seconds = (doneMs - (sent[0]?.beginMs ?? doneMs)) / S
      const used = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0)
      const resident = (name: string): number => residentBytes(supervisor.pid(name))
      return {
        alerts: visits * alerts,
        bytes: sent.reduce((sum, { bytes }) => sum + bytes, 0),
        seconds,
        hubCpu: used('hub-broker') + used('hub'),
        nodes: watches.map(({ name, ids }) => ({
          filters: ids.length,
          brokerCpu: used(`${name}-broker`),
          mirrorCpu: used(`${name}-mirror`),
          workerCpu: used(`${name}-worker`),
          hostsCpu: used(`${name}-worker-hosts`),
          kafkaBytes: resident(`${name}-broker`) + resident(`${name}-mirror`),
          workerBytes: resident(`${name}-worker`),
        })),
      }
    }
    const paceMs = (alerts / alertsPerSecond) * S
    const [first] = layout.nodes
    const hop = first === undefined ? undefined : await watchHop(adminAccess(first.broker), TOPIC)
    await play(warmUp, paceMs)
    const hops = (await hop?.end()) ?? []
    note('visits that do not count are played')
    const stored = await phase(0)
    note(`stored packets are evaluated in ${stored.seconds.toFixed(1)} s`)
    const live = await phase(paceMs)
    note(`packets at the survey’s pace are evaluated in ${live.seconds.toFixed(1)} s`)
    return { stored, live, hopSeconds: median(hops.slice(-alerts)) }
  } finally {
    await Promise.all(watches.map(({ watch }) => watch.close()))
    await system.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}
