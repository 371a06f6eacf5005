// The isolate runtime: JavaScript filters in V8 isolates, in confined host processes, one cordon of hosts per degree of trust.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type Logger } from 'pino'
import { type Batch, type ColumnSet } from '../batch.ts'
import { SandboxError } from '../errors.ts'
import { openJail } from '../jail/open-jail.ts'
import { nodeFlags } from '../jail/jail.ts'
import { type LoadOutcome, type Posture, type Program, type Sandbox, type Trust, type Verdicts } from '../sandbox.ts'
import { checkBatch, checkProgram } from './check-input.ts'
import { Cordon } from './cordon.ts'
import { startHost, type HostProcess } from './host-process.ts'
import { openRing } from './ring.ts'
import { buildRuntimeFiles } from './runtime-files.ts'
import { type PlacedBatch } from './seat.ts'

export interface CordonSettings {
  /** Host processes; default: one per core. Quarantined filters always have one each. */
  readonly hosts?: number
  /** With the JIT compiler: faster, and a larger surface for attacks on V8. An operator's choice; default false. */
  readonly jit?: boolean
  /** Memory of one host process with all its filters. */
  readonly memoryMb?: number
}

export interface IsolateSandboxOptions {
  /** A directory only this process's user can write; files of the hosts go below it. */
  readonly dir: string
  readonly logger: Logger
  /** For every cordon that has no settings of its own. */
  readonly defaults?: CordonSettings
  readonly cordons?: Partial<Record<Trust, CordonSettings>>
  /** For development on machines without bubblewrap: no confinement at all. Warns, and shows in the posture. */
  readonly unsafe?: boolean
  /** Called when a host was replaced, with the reason. */
  readonly onRestart?: (reason: string) => void
}

interface Loaded {
  readonly cordon: Cordon
}

const DEFAULT_MEMORY_MB = 1536

/** Opens the isolate runtime. Throws SANDBOX_UNAVAILABLE where processes cannot be confined. */
export async function openIsolateSandbox(options: IsolateSandboxOptions): Promise<Sandbox> {
  const { dir, logger, defaults = {}, cordons: settings = {}, unsafe = false, onRestart = () => undefined } = options
  mkdirSync(dir, { recursive: true })
  const own = mkdtempSync(join(dir, 'isolates-'))
  const jail = openJail({ unsafe, dir: own })
  for (const remark of jail.remarks) logger.warn(remark)
  const files = buildRuntimeFiles(own)
  const ring = openRing(own)
  const cordons = new Map<Trust, Cordon>()
  const loaded = new Map<string, Loaded>()
  const layouts = new Map<string, number>()
  const layoutOfSet = new WeakMap<ColumnSet, number>()
  let nextLayout = 0
  let closed = false

  const inspect = (host: HostProcess): readonly string[] => {
    const pid = host.pid()
    return pid === undefined ? ['its process is gone'] : jail.inspect(pid)
  }
  const openCordon = (trust: Trust): Cordon => {
    const {
      hosts = availableParallelism(),
      jit = false,
      memoryMb = DEFAULT_MEMORY_MB,
    } = { ...defaults, ...settings[trust] }
    const command = { files, nodeFlags: nodeFlags({ jit }), memoryMb }
    return new Cordon({
      trust,
      hosts,
      startHost: () => startHost({ jail, ring, dir: own, command }),
      inspect,
      logger: logger.child({ cordon: trust }),
      onRestart,
    })
  }
  const layoutOf = (set: ColumnSet): number => {
    let layout = layoutOfSet.get(set)
    if (layout !== undefined) return layout
    const key = JSON.stringify([set.columns, set.lists])
    layout = layouts.get(key)
    if (layout === undefined) layouts.set(key, (layout = nextLayout++))
    layoutOfSet.set(set, layout)
    return layout
  }
  const place = (batch: Batch, offset: number): PlacedBatch => ({
    layout: layoutOf(batch.set),
    set: batch.set,
    message: {
      offset,
      rows: batch.rows,
      items: batch.lists.map(list => list.items),
      textUnits: batch.text.length,
      binaryBytes: batch.binary.length,
    },
  })
  const assertOpen = (): void => {
    if (closed) throw new SandboxError('SANDBOX_CLOSED', 'The sandbox is closed; open a new one.')
  }

  const unload = async (filter: string, what = loaded.get(filter)): Promise<void> => {
    if (what === undefined || loaded.get(filter) !== what) return
    await what.cordon.unload(filter)
    if (loaded.get(filter) === what) loaded.delete(filter)
  }

  return {
    async load(program: Program): Promise<LoadOutcome> {
      assertOpen()
      checkProgram(program)
      if (loaded.has(program.id))
        throw new SandboxError(
          'SANDBOX_PROGRAM_INVALID',
          `Filter ${program.id} is loaded already; unload it before loading another version.`,
        )
      let cordon = cordons.get(program.trust)
      if (cordon === undefined) cordons.set(program.trust, (cordon = openCordon(program.trust)))
      const what = { cordon }
      loaded.set(program.id, what)
      const outcome = await cordon.load(program)
      if (!outcome.ok && loaded.get(program.id) === what) loaded.delete(program.id)
      return outcome
    },
    unload: filter => unload(filter),
    async evaluate(batch: Batch, filters: readonly string[]): Promise<Verdicts[]> {
      assertOpen()
      checkBatch(batch)
      if (filters.length === 0) return []
      const named = new Map<string, Loaded>()
      for (const filter of filters) {
        const what = loaded.get(filter)
        if (what === undefined)
          throw new SandboxError(
            'SANDBOX_FILTER_UNKNOWN',
            `Filter ${filter} is not loaded; load it before evaluating it.`,
          )
        named.set(filter, what)
      }
      const entry = ring.write(batch)
      try {
        const placed = place(batch, entry.offset)
        const byCordon = Map.groupBy(filters, filter => named.get(filter)?.cordon as Cordon)
        const settled = await Promise.allSettled([...byCordon].map(([cordon, ids]) => cordon.evaluate(placed, ids)))
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
      const hosts = [...cordons.values()].flatMap(({ seats, spare }) => [...seats.map(seat => seat.host), spare])
      const differences = hosts.flatMap(host => (host === undefined ? [] : inspect(host)))
      return { ok: differences.length === 0, kind: jail.kind, differences: [...new Set(differences), ...jail.remarks] }
    },
    async close(): Promise<void> {
      if (closed) return
      closed = true
      for (const cordon of cordons.values()) cordon.close()
      ring.close()
      jail.close()
      rmSync(own, { recursive: true, force: true })
    },
  }
}
