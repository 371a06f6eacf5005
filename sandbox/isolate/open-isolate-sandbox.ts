// The isolate runtime: JavaScript filters in V8 isolates, in confined host processes, one group of hosts per degree of trust.
import { mkdirSync, rmSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { checkBatch, checkProgram } from '../check-input.ts'
import { type Batch } from '../columns/batch.ts'
import { openLayouts } from '../columns/layout-numbers.ts'
import { SandboxError } from '../errors.ts'
import { writeHostProgram } from '../image/isolate-host/host-program.ts'
import { type Jail, nodeFlags } from '../jail/jail.ts'
import { openJail } from '../jail/open-jail.ts'
import { makeOwnDirectory } from '../machine/leftovers.ts'
import { memoryDirectory } from '../machine/shared-folder.ts'
import { openRing } from '../protocol/batch-ring.ts'
import { placedBatch } from '../protocol/placed-batch.ts'
import { type LoadOutcome, type Posture, type Program, type Sandbox, type Trust, type Verdicts } from '../sandbox.ts'
import { type HostPool, openHostPool } from './host-pool.ts'
import { DEFAULT_MEMORY_MB, DEFAULT_PROVE_MS, DEFAULT_ROTATE_MS, type IsolateSandboxOptions } from './options.ts'
import { type HostProcess, startHost } from './process/host-process.ts'
import { TrustGroup } from './trust-group.ts'

/** What the isolate runtime offers beyond the common interface. */
export interface IsolateSandbox extends Sandbox {
  /** Replaces all hosts by fresh ones, without a gap; happens by itself once a day. */
  rotate(): Promise<void>
  /** Process ids of the hosts at work and standing by, for tests and operators. */
  hostPids(): number[]
}

/** Hosts of slow and quarantined filters give way to others. */
const SLOW_NICENESS = 15
const COUNT_MS = 5000
/** Of this machine's memory that hosts of one kind may have together, where twice the hosts wanted have less. */
const HOSTS_SHARE = 0.5
/** In which a process that has lost its memory is gone. */
const ENDING_MS = 200

interface Loaded {
  readonly group: TrustGroup
}

/** Opens the isolate runtime. Throws SANDBOX_UNAVAILABLE where processes cannot be confined. */
export async function openIsolateSandbox(options: IsolateSandboxOptions): Promise<IsolateSandbox> {
  const { logger, metrics } = options
  mkdirSync(options.dir, { recursive: true })
  const dir = makeOwnDirectory(options.dir, 'isolates-')
  const jail = await openJailIn(dir, options)
  for (const remark of jail.remarks) logger.warn(remark)
  const files = writeHostProgram(dir)
  const ring = openRing(jail.sharedDir ?? memoryDirectory(dir), { named: jail.sharedDir !== undefined })
  const layoutOf = openLayouts()
  const groups = new Map<Trust, TrustGroup>()
  const loaded = new Map<string, Loaded>()
  let closed = false

  /** Differences of one that may be starting, which is proved before it gets a filter, or ending: then it looks strange for a moment. */
  const differencesOf = async (host: HostProcess): Promise<readonly string[]> => {
    const look = async (): Promise<readonly string[]> =>
      host.isUp() ? host.differences().catch((error: unknown) => [String(error)]) : []
    if ((await look()).length === 0) return []
    await setTimeout(ENDING_MS)
    return look()
  }
  const onRestart = (reason: string): void => {
    metrics?.restarted('isolate', reason)
    options.onRestart?.(reason)
  }
  const openGroup = (trust: Trust): TrustGroup => {
    const settings = { ...options.defaults, ...options.trustGroups?.[trust] }
    const { hosts = availableParallelism(), jit = false, memoryMb = DEFAULT_MEMORY_MB } = settings
    const command = { files, nodeFlags: nodeFlags({ jit }), memoryMb }
    const alone = trust === 'quarantined'
    const log = logger.child({ trust })
    const poolOf = (spare: boolean, niceness: number): HostPool => {
      const start = (): HostProcess => startHost({ jail, ring, dir, command: { ...command, niceness } })
      return openHostPool({ start, spare, demand: () => groups.get(trust)?.demand() ?? new Map(), logger: log })
    }
    const pool = poolOf(!alone, alone ? SLOW_NICENESS : 0)
    const slowPool = poolOf(false, SLOW_NICENESS)
    const rotateMs = options.rotateMs ?? DEFAULT_ROTATE_MS
    const maxHosts = Math.max(2 * hosts, Math.floor((totalmem() * HOSTS_SHARE) / (memoryMb * 1_048_576)))
    return new TrustGroup({ hosts, maxHosts, memoryMb, alone, pool, slowPool, logger: log, onRestart, rotateMs })
  }
  const allHosts = (): HostProcess[] => [...groups.values()].flatMap(group => group.hosts)
  const assertOpen = (): void => {
    if (closed) throw new SandboxError('SANDBOX_CLOSED', 'The sandbox is closed; open a new one.')
  }
  const unload = async (filter: string, what = loaded.get(filter)): Promise<void> => {
    if (what === undefined || loaded.get(filter) !== what) return
    await what.group.unload(filter)
    if (loaded.get(filter) === what) loaded.delete(filter)
  }
  /** The hourly proof: a host that differs is ended, and whatever replaces it must prove itself first. */
  const prove = async (): Promise<void> => {
    for (const host of allHosts()) {
      const differences = await differencesOf(host)
      if (differences.length === 0) continue
      logger.error({ differences }, 'an isolate host is not confined any more; it is replaced')
      host.kill('posture')
    }
  }
  const countHosts = (): void => {
    const spare = [...groups.values()].reduce((sum, group) => sum + group.spares.length, 0)
    metrics?.hosts('isolate', 'spare', spare)
    metrics?.hosts('isolate', 'working', allHosts().length - spare)
  }
  const counting = setInterval(countHosts, COUNT_MS).unref()
  const proving = setInterval(() => void prove(), options.proveMs ?? DEFAULT_PROVE_MS).unref()

  return {
    async load(program: Program): Promise<LoadOutcome> {
      assertOpen()
      checkProgram(program)
      const { id, trust } = program
      if (loaded.has(id))
        throw new SandboxError(
          'SANDBOX_PROGRAM_INVALID',
          `Filter ${id} is loaded; unload it before loading another version.`,
        )
      const group = groups.get(trust) ?? openGroup(trust)
      groups.set(trust, group)
      const what = { group }
      loaded.set(id, what)
      let outcome: LoadOutcome | undefined
      try {
        return (outcome = await group.load(program))
      } finally {
        if (!outcome?.ok && loaded.get(id) === what) loaded.delete(id)
      }
    },
    unload: filter => unload(filter),
    async evaluate(batch: Batch, filters: readonly string[]): Promise<Verdicts[]> {
      assertOpen()
      checkBatch(batch)
      const unknown = filters.find(filter => !loaded.has(filter))
      if (unknown !== undefined)
        throw new SandboxError(
          'SANDBOX_FILTER_UNKNOWN',
          `Filter ${unknown} is not loaded; load it before evaluating it.`,
        )
      const named = new Map(filters.map(filter => [filter, loaded.get(filter) as Loaded]))
      const entry = ring.write(batch)
      try {
        const placed = placedBatch(batch, layoutOf(batch.set), entry.offset)
        const byGroup = Map.groupBy(filters, filter => (named.get(filter) as Loaded).group)
        const settled = await Promise.allSettled([...byGroup].map(([group, ids]) => group.evaluate(placed, ids)))
        const all = new Map<string, Verdicts>()
        for (const result of settled) {
          if (result.status === 'rejected') throw result.reason
          for (const verdicts of result.value) for (const [filter, verdict] of verdicts) all.set(filter, verdict)
        }
        for (const [filter, { failure }] of all) if (failure !== undefined) await unload(filter, named.get(filter))
        return filters.map(filter => all.get(filter) as Verdicts)
      } finally {
        entry.release()
      }
    },
    async posture(): Promise<Posture> {
      const differences = [...new Set((await Promise.all(allHosts().map(differencesOf))).flat())]
      return { ok: differences.length === 0, kind: jail.kind, differences: [...differences, ...jail.remarks] }
    },
    async rotate(): Promise<void> {
      for (const group of groups.values()) await group.rotate()
    },
    hostPids: () => allHosts().flatMap(host => host.pid() ?? []),
    async close(): Promise<void> {
      if (closed) return
      closed = true
      clearInterval(proving)
      clearInterval(counting)
      await Promise.all([...groups.values()].map(group => group.close()))
      ring.close()
      await jail.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** A directory without a jail would be left behind. */
async function openJailIn(dir: string, { host, engine, logger, onForbidden }: IsolateSandboxOptions): Promise<Jail> {
  try {
    return await openJail({ host, engine, logger, dir, ...(onForbidden && { onForbidden }) })
  } catch (error) {
    rmSync(dir, { recursive: true, force: true })
    throw error
  }
}
