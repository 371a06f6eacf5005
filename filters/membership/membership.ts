// The filters of a shard. In: manifests (what owners want), progress records (what happened here), failures of lanes. Out: loaded filters in lanes; filters that rest,
// are suspended or forgotten. Changes are made one after another, each committed with the filter's position.
import { type AvroSchema, type Stream } from '#hub'
import { type AuthorError, type Failure, type Program } from '#sandbox'
import { sameColumns } from '../batch/column-union.ts'
import { type Lane } from '../lanes/lane.ts'
import { type RunningFilter, staysBeside } from '../lanes/running-filter.ts'
import { type Manifest } from '../manifest.ts'
import { leaveLane, liveLane, moveOut, ownLane } from '../progress/lane-transitions.ts'
import { type Positions } from '../progress/positions.ts'
import { type Cut, type FilterRecord } from '../progress/records.ts'
import { afterStrike, suspend } from '../progress/strikes-and-suspension.ts'
import { changesOnly } from '../publish/commit-unit.ts'
import { type DesiredState, desiredStateFor, recordFor, startOf } from './desired-filters.ts'
import { FilterLoader, type Wait } from './filter-loader.ts'
import { LaneEntry } from './lane-entry.ts'
import { compile, type LoadedFilter } from './load-filter.ts'
import { type MembershipOptions } from './membership-options.ts'
import { arrivalOf, shareOf } from './mirror-handover.ts'
import { Moves } from './moves.ts'
import { ReadableFields } from './readable-fields.ts'

export class Membership {
  readonly #options: MembershipOptions
  readonly #runners = new Map<string, LoadedFilter>()
  readonly #readable: ReadableFields
  readonly #moves: Moves
  readonly #adoptions = new Map<string, Promise<void>>()
  readonly #loader: FilterLoader
  readonly #entry: LaneEntry
  #lastChange: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: MembershipOptions) {
    this.#options = options
    this.#readable = new ReadableFields(options.streams)
    this.#entry = new LaneEntry(options)
    this.#moves = new Moves(options)
    this.#loader = new FilterLoader({
      ...options,
      fields: stream => this.#readable.fields(stream),
      retry: filter => this.apply(filter),
    })
  }

  runner(filter: string): LoadedFilter | undefined {
    return this.#runners.get(filter)
  }

  /** Where this node's share of a moving filter ends, once that is committed. */
  cut(filter: string): Cut | undefined {
    return this.#moves.cut(filter)
  }

  /** What keeps a filter from being loaded, which is no fault of its own. */
  waitsFor(filter: string): Wait | undefined {
    const forTopic = this.#options.lanes().waitsFor(filter)
    return this.#loader.waitsFor(filter) ?? (forTopic === undefined ? undefined : { message: forTopic, isLate: false })
  }

  get size(): number {
    return this.#runners.size
  }

  /** Filters that have gone to another mirror and whose visits are over here, each with the move it went by. */
  overHere(nowMs: number): { readonly filter: string; readonly at: string }[] {
    return this.#moves.overHere(nowMs)
  }

  /** Opens the lanes of the shard's state with the filters that are in them: nothing is evaluated before all of them are loaded. */
  async start(filters: Iterable<string>): Promise<void> {
    const { shardState, lanes, streams, schemaOf, manifestOf } = this.#options
    const ids = new Set([...filters, ...shardState.filters.keys()])
    for (const stream of streams) {
      for (const id of shardState.lanes.get(liveLane(stream.name))?.schemas ?? []) {
        const schema = await schemaOf(stream.name, id)
        if (schema !== undefined) await this.adopt(stream, id, schema)
      }
      const all = [...ids].filter(id => shardState.filters.get(id)?.lane === liveLane(stream.name))
      const [members, parked] = [
        all.filter(id => manifestOf(id) !== undefined),
        all.filter(id => manifestOf(id) === undefined),
      ]
      // Their manifests have not arrived.
      for (const id of parked) await this.#park(id)
      const runners = await Promise.all(members.map(id => this.#reload(id)))
      await lanes().openLive(
        stream,
        runners.filter(runner => runner !== undefined),
      )
    }
    for (const id of ids) this.apply(id)
  }

  /** Waits for the change that is being made and empties the sandbox. The lanes are closed. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#lastChange
    const runners = [...this.#runners.values()]
    this.#runners.clear()
    await Promise.all(runners.map(({ program }) => this.#options.sandbox.unload(program.id)))
  }

  /** Brings a filter to where its owner and its record want it. Errors go to `onFailure`. */
  apply(filter: string): void {
    if (this.#isClosed) return
    void this.#inOrder(() => this.#apply(filter))
  }

  #inOrder(action: () => Promise<void>): Promise<void> {
    this.#lastChange = this.#lastChange.then(action).catch(this.#options.onFailure)
    return this.#lastChange
  }

  async #apply(id: string): Promise<void> {
    const { shardState, manifestOf } = this.#options
    const manifest = manifestOf(id)
    const record = shardState.filters.get(id)
    const desired = this.#desired(manifest, record)
    if (desired === 'forget') await this.#forget(id)
    else if (desired === 'rest') await this.#rest(id, manifest)
    else if (desired === 'run' && manifest !== undefined) await this.#run(manifest, record)
    if (manifest !== undefined && (desired === 'rest' || desired === 'run'))
      await this.#moves.letGo(manifest, this.#runners.get(id))
  }

  #desired(manifest: Manifest | undefined, record: FilterRecord | undefined): DesiredState {
    const { place, lanes } = this.#options
    const evaluatedMs = manifest && lanes().evaluatedMs(manifest.id, manifest.stream)
    return desiredStateFor(manifest, record, place, Date.now(), evaluatedMs)
  }

  async #run(manifest: Manifest, known: FilterRecord | undefined): Promise<void> {
    const { id, stream: streamName } = manifest
    const { place } = this.#options
    const runner = this.#runners.get(id)
    const isSame = runner?.version === manifest.active && runner.manifest.generation === manifest.generation
    if (runner !== undefined && isSame) {
      runner.manifest = manifest
      runner.share = shareOf(manifest, known ?? recordFor(manifest, known), place)
      runner.cap = manifest.cap
      runner.policy = manifest.policy
      return
    }
    const { shardState, lanes } = this.#options
    const stream = this.#options.streams.find(({ name }) => name === streamName)
    if (stream === undefined) return
    const record = recordFor(manifest, known)
    shardState.filters.set(id, record)
    const fresh = await this.#load(manifest, record)
    if (fresh === undefined) {
      // A new filter that has to wait for its source or engine is still new, and has a start, when it is tried again.
      if (known === undefined && record.suspension === undefined) shardState.filters.delete(id)
      return
    }
    const stays = staysBeside(fresh.program, record)
    const arrival = arrivalOf(manifest, record, place)
    const start =
      arrival !== undefined ? { timestampMs: arrival.sinceMs } : known === undefined ? startOf(manifest) : 'now'
    record.arrived = arrival?.at ?? record.arrived
    const isOwn = record.lane === ownLane(id)
    this.#runners.set(id, fresh)
    if (isOwn && lanes().hasOwn(id)) {
      await this.#options.committer.commitNow([changesOnly(shardState.filterChange(id))])
      lanes().exchange(fresh, stays)
    } else if (isOwn || start !== 'now') {
      record.lane = ownLane(id)
      lanes().read({ stream, runner: fresh, stays }, start === 'now' ? 'earliest' : start)
    } else if (stays) this.#entry.openBeside(fresh, stream)
    else this.#entry.enterLive(fresh, stream)
    if (record.lane === ownLane(id)) this.#entry.joinWhenCaughtUp(fresh, stream)
    if (runner !== undefined) this.#unloadLater(runner)
  }

  /** A filter is slow: from now on it has a lane of its own, so that only it lags. */
  slowed(lane: Lane, runner: RunningFilter): void {
    const { shardState, lanes, committer, streams } = this.#options
    const { id, manifest } = runner
    const record = shardState.filters.get(id)
    const stream = streams.find(({ name }) => name === manifest.stream)
    if (record === undefined || record.isSlow || stream === undefined || this.#runners.get(id) !== runner) return
    record.isSlow = true
    committer.push([changesOnly(shardState.filterChange(id))])
    if (lane.name === liveLane(stream.name)) this.#entry.openBeside(runner, stream)
    else {
      lanes().get(liveLane(stream.name))?.dismiss(id)
      lanes().exchange(runner, true)
    }
  }

  /** Loads the active version, or suspends the filter with what is wrong; undefined also when it has to wait for what it runs in. */
  async #load(manifest: Manifest, record: FilterRecord): Promise<LoadedFilter | undefined> {
    const result = await this.#loader.load(manifest, record)
    if (result.ok) return result.runner
    if (result.isAway) return undefined
    await this.#suspend(manifest, record, result.reason, result.error)
    return undefined
  }

  /** A filter of the live lane that cannot run now keeps its position, and goes on from it when it can. */
  async #park(id: string): Promise<void> {
    const { shardState, committer } = this.#options
    const { positions } = shardState.lanes.get(shardState.filters.get(id)?.lane ?? '') ?? { positions: new Map() }
    await committer.commitNow([changesOnly(...moveOut(shardState, id, positions))])
  }

  /** At the start of an incarnation: loads a filter that has a lane and is still to run. */
  async #reload(id: string): Promise<LoadedFilter | undefined> {
    const { shardState, manifestOf } = this.#options
    const [manifest, record] = [manifestOf(id), shardState.filters.get(id)]
    if (manifest === undefined || record === undefined || this.#desired(manifest, record) !== 'run') return undefined
    if (record.generation < manifest.generation || record.version !== manifest.active)
      Object.assign(record, { ...recordFor(manifest, record), ahead: record.ahead })
    const runner = await this.#load(manifest, record)
    if (runner !== undefined) this.#runners.set(id, runner)
    else if (record.suspension === undefined) await this.#park(id)
    return runner
  }

  async #rest(id: string, manifest: Manifest | undefined): Promise<void> {
    this.#loader.forget(id)
    const { shardState, committer, onChange } = this.#options
    await this.#withdraw(id)
    const hasArrived = manifest !== undefined && this.#moves.arriveResting(manifest)
    if (hasArrived || shardState.filters.get(id)?.lane !== undefined)
      await committer.commitNow([changesOnly(...leaveLane(shardState, id))])
    if (manifest !== undefined) onChange(id)
  }

  async #forget(id: string): Promise<void> {
    this.#loader.forget(id)
    const { shardState, committer, deleteTopic, onChange } = this.#options
    await this.#withdraw(id)
    const record = shardState.filters.get(id)
    const changes = record === undefined ? [] : leaveLane(shardState, id)
    await committer.commitNow([changesOnly(...changes, ...shardState.forget(id))])
    await deleteTopic(id)
    onChange(id)
  }

  async #suspend(manifest: Manifest, record: FilterRecord, reason: string, error: AuthorError): Promise<void> {
    const { shardState, committer, onChange } = this.#options
    const { id } = manifest
    await this.#withdraw(id)
    shardState.filters.set(id, record)
    await committer.commitNow([changesOnly(...suspend(shardState, id, reason, error))])
    onChange(id)
  }

  /** Takes a filter out of its lane and the sandbox; its record is the caller's. */
  async #withdraw(id: string): Promise<void> {
    const { lanes, sandbox } = this.#options
    const runner = this.#runners.get(id)
    this.#runners.delete(id)
    lanes().stop(id)
    if (runner === undefined) return
    await lanes().get(liveLane(runner.manifest.stream))?.leave(id)
    await sandbox.unload(runner.program.id)
  }

  /** An old version is unloaded when the new one has taken its place. */
  #unloadLater(old: RunningFilter): void {
    const { lanes, sandbox, onFailure } = this.#options
    if (lanes().uses(old)) setTimeout(() => this.#unloadLater(old), 100).unref()
    else sandbox.unload(old.program.id).catch(onFailure)
  }

  /** A hard failure, which is a strike: the first one moves the filter to a lane and a host of its own, from where it failed; the second one suspends it. */
  strike(lane: Lane, runner: RunningFilter, { reason, error }: Failure, before: Positions): void {
    const { shardState, committer, lanes, sandbox, onChange, onFailure } = this.#options
    const { id } = runner
    const record = shardState.filters.get(id)
    if (record === undefined) return
    const { strikes, next } = afterStrike(record.strikes)
    record.strikes = strikes
    // The one that failed is unloaded; another that was loaded to take its place is loaded anew where the filter goes on.
    const successor = this.#runners.get(id)
    if (successor !== undefined && successor !== runner) sandbox.unload(successor.program.id).catch(onFailure)
    this.#runners.delete(id)
    lanes().stop(id)
    lanes().get(liveLane(runner.manifest.stream))?.dismiss(id)
    if (next === 'suspend') {
      committer.push([changesOnly(...suspend(shardState, id, reason, error))])
      onChange(id)
      return
    }
    const changes = lane.name === ownLane(id) ? [shardState.filterChange(id)] : moveOut(shardState, id, before)
    committer.push([changesOnly(...changes)])
    this.apply(id)
  }

  /** Before the first packet of a schema is read: filters whose columns it changes are loaded again, and batches carry what they ask for. */
  adopt(stream: Stream, id: number, schema: AvroSchema): Promise<void> {
    const key = `${stream.name} ${id}`
    const known = this.#adoptions.get(key)
    if (known !== undefined) return known
    const adoption = this.#inOrder(() => this.#adopt(stream, id, schema))
    this.#adoptions.set(key, adoption)
    return adoption
  }

  async #adopt(stream: Stream, id: number, schema: AvroSchema): Promise<void> {
    const { shardState, lanes, limits } = this.#options
    for (const problem of this.#readable.add(stream.name, id, schema))
      this.#options.onSchemaProblem(stream.name, id, problem)
    const fields = this.#readable.fields(stream.name)
    const known = shardState.lanes.get(liveLane(stream.name))?.schemas
    if (known?.includes(id) === false) known.push(id)
    const swaps: LoadedFilter[] = []
    for (const old of [...this.#runners.values()].filter(({ manifest }) => manifest.stream === stream.name)) {
      const record = shardState.filters.get(old.id)
      if (record === undefined) continue
      const program = compile(old.manifest, record, fields, old.found, limits)
      if (sameFields(program, old.program)) continue
      const fresh = await this.#load(old.manifest, record)
      if (fresh === undefined) {
        // It goes on, if it is not suspended, from where its lane stands, once it can be loaded with the fields it then has.
        await this.#withdraw(old.id)
        continue
      }
      this.#runners.set(old.id, fresh)
      swaps.push(fresh)
      this.#unloadLater(old)
    }
    const stays = ({ id: filter, program }: RunningFilter): boolean => {
      const record = shardState.filters.get(filter)
      return record !== undefined && staysBeside(program, record)
    }
    lanes().swap(swaps, stays)
  }
}

/** Whether a program reads the same columns of the same records. */
const sameFields = (a: Program, b: Program): boolean =>
  sameColumns(a.reads, b.reads) && (a.offers === b.offers || sameColumns(a.offers ?? a.reads, b.offers ?? b.reads))
