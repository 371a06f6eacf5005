// The first stage. In: packets of one topic as the feed hands them out, in the order of each partition. Out: batches of packets with the columns that filters read.
// Each packet is framed, its schema found, its fields read; one that cannot be read is in the batch too, with the reason, and becomes a dead letter. Runs one batch
// ahead of the evaluation.
import {
  type AlertKey,
  type AvroSchema,
  type BatchBuilder,
  HubError,
  openBatchBuilder,
  readFrame,
  type Stream,
} from '#hub'
import { type Feed, type FeedBatch, type FeedGap, type FeedPacket } from '#mirrors'
import { type ColumnSet, MAX_ROWS } from '#sandbox'
import { sameColumns } from './column-union.ts'
import { type BatchSource, type Entry, type LaneBatch } from './lane-batch.ts'

/** How long a batch that is not full waits for more: halves the evaluation's CPU at Rubin's rate, and adds as much to the delay. */
const LINGER_MS = 30
/** Packets of a batch at most, those counted that cannot be read. */
const MAX_ENTRIES = 4 * MAX_ROWS

export interface AssemblerOptions {
  readonly stream: Stream
  readonly feed: Feed
  readonly lingerMs?: number
  /** The schema of an id, after a bounded search; undefined is final for this packet. */
  readonly schemaOf: (id: number) => AvroSchema | undefined | Promise<AvroSchema | undefined>
  /** Called once for each schema before its first packet is read, so that filters can ask for its fields by `include`. */
  readonly onSchema: (id: number, schema: AvroSchema) => Promise<void>
  readonly onGap: (gap: FeedGap) => void
}

interface Draft {
  readonly builder: BatchBuilder
  readonly entries: Entry[]
  readonly releases: (() => void)[]
  /** When its first packet came, 0 while it is empty. */
  sinceMs: number
  /** Takes nothing more and goes out at once. */
  sealed: boolean
}

/** Packets into batches of one stream. `next` has one caller at a time. */
export class Assembler implements BatchSource {
  readonly #options: AssemblerOptions
  readonly #adopted = new Set<number>()
  readonly #idle: BatchBuilder[] = []
  #set: ColumnSet
  #draft: Draft
  #ended: { readonly error?: unknown } | undefined
  #waiting: PromiseWithResolvers<LaneBatch | undefined> | undefined
  #taken = Promise.withResolvers<void>()
  #timer: NodeJS.Timeout | undefined
  /** Some packets of what the feed handed out are not in a draft yet. */
  #isTaking = false

  constructor(options: AssemblerOptions, set: ColumnSet) {
    this.#options = options
    this.#set = set
    this.#draft = this.#open()
    this.#run().then(
      () => this.#end({}),
      (error: unknown) => this.#end({ error }),
    )
  }

  /** Whether no packet waits in it, for a batch or for its schema. */
  get isEmpty(): boolean {
    return !this.#isTaking && this.#draft.entries.length === 0
  }

  /** The next batch, as soon as it is full or has waited long enough; undefined when the feed was closed. Rejects with the feed's error. */
  next(): Promise<LaneBatch | undefined> {
    this.#waiting = Promise.withResolvers()
    const { promise } = this.#waiting
    this.#offer()
    return promise
  }

  include(set: ColumnSet): void {
    // Only for a real change: each set of columns has buffers and generated code of its own.
    if (!sameColumns(this.#set, set)) {
      this.#set = set
      this.#idle.length = 0
      if (this.#draft.entries.length === 0) this.#draft = this.#open()
    }
    this.poke()
  }

  poke(): void {
    this.#draft.sealed = true
    this.#offer()
  }

  #open(): Draft {
    const builder = this.#idle.pop() ?? openBatchBuilder({ stream: this.#options.stream, set: this.#set })
    return { builder, entries: [], releases: [], sinceMs: 0, sealed: false }
  }

  #end(outcome: { readonly error?: unknown }): void {
    this.#ended = outcome
    clearTimeout(this.#timer)
    if (outcome.error === undefined) this.#waiting?.resolve(undefined)
    else this.#waiting?.reject(outcome.error)
    this.#waiting = undefined
  }

  /** Hands the draft over if somebody waits and it is due; else comes back when it will be. */
  #offer(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    if (this.#ended !== undefined) return this.#end(this.#ended)
    clearTimeout(this.#timer)
    const { sealed, sinceMs, builder, entries, releases } = this.#draft
    if (!sealed) {
      if (sinceMs === 0) return
      const waitMs = sinceMs + (this.#options.lingerMs ?? LINGER_MS) - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#offer(), waitMs)
        return
      }
    }
    this.#waiting = undefined
    this.#draft = this.#open()
    // New columns that were asked for while the old draft still had packets come right behind it.
    if (this.#draft.builder.set !== builder.set) this.#draft.sealed = true
    waiting.resolve({
      set: builder.set,
      entries,
      columns: builder.rows > 0 ? builder.take() : undefined,
      release: () => {
        for (const release of releases) release()
        builder.reset()
        if (builder.set === this.#set) this.#idle.push(builder)
      },
    })
    this.#taken.resolve()
    this.#taken = Promise.withResolvers()
  }

  async #run(): Promise<void> {
    for await (const item of this.#options.feed) {
      if (item.kind === 'gap') this.#options.onGap(item)
      else {
        this.#isTaking = true
        await this.#take(item)
        this.#isTaking = false
      }
    }
  }

  async #take(item: FeedBatch): Promise<void> {
    if (item.packets.length === 0) return item.release()
    for (const packet of item.packets) {
      const pending = this.#read(packet)
      const reading = pending instanceof Promise ? await pending : pending
      while (this.#draft.sealed || !this.#add(item, packet, reading)) await this.#handedOver()
    }
  }

  /** Adds the packet to the draft, readable or not. False when its columns do not fit any more. */
  #add(batch: FeedBatch, packet: FeedPacket, { schemaId, schema, body, failure }: Reading): boolean {
    const draft = this.#draft
    const { partition, packets } = batch
    const { offset, timestampMs, value } = packet
    let row = -1
    let key: AlertKey = { alertId: 0n, visit: 0n }
    let reason = failure
    if (schema !== undefined) {
      try {
        const added = draft.builder.add(body, schemaId, schema, timestampMs)
        if (added === 'full') return false
        key = added
        row = draft.builder.rows - 1
      } catch (error) {
        reason = reasonOf(error)
      }
    }
    const came = this.#options.feed.received(partition, offset)
    const entry = { partition, offset, timestampMs, came, packet: value, row, alert: key.alertId, visit: key.visit }
    draft.entries.push(reason === undefined ? entry : { ...entry, failure: reason })
    if (packet === packets.at(-1)) draft.releases.push(() => batch.release())
    if (draft.entries.length >= MAX_ENTRIES || row === MAX_ROWS - 1) draft.sealed = true
    if (draft.sinceMs === 0) draft.sinceMs = performance.now()
    else if (!draft.sealed) return true
    this.#offer()
    return true
  }

  /** Resolves when the draft was taken and a fresh one is there. */
  async #handedOver(): Promise<void> {
    this.#draft.sealed = true
    while (this.#draft.sealed) {
      const { promise } = this.#taken
      this.#offer()
      await promise
    }
  }

  #read(packet: FeedPacket): Reading | Promise<Reading> {
    let schemaId: number
    let body: Buffer
    try {
      ;({ schemaId, body } = readFrame(packet.value))
    } catch (error) {
      return { schemaId: 0, schema: undefined, body: packet.value, failure: reasonOf(error) }
    }
    const found = this.#options.schemaOf(schemaId)
    if (!(found instanceof Promise) && this.#adopted.has(schemaId)) return readingOf(schemaId, found, body)
    return this.#adopt(schemaId, found, body)
  }

  async #adopt(
    schemaId: number,
    found: AvroSchema | undefined | Promise<AvroSchema | undefined>,
    body: Buffer,
  ): Promise<Reading> {
    const schema = await found
    if (schema !== undefined && !this.#adopted.has(schemaId)) {
      await this.#options.onSchema(schemaId, schema)
      this.#adopted.add(schemaId)
    }
    return readingOf(schemaId, schema, body)
  }
}

interface Reading {
  readonly schemaId: number
  readonly schema: AvroSchema | undefined
  readonly body: Buffer
  readonly failure?: NonNullable<Entry['failure']>
}

const readingOf = (schemaId: number, schema: AvroSchema | undefined, body: Buffer): Reading =>
  schema === undefined ? { schemaId, schema, body, failure: unknownSchema(schemaId) } : { schemaId, schema, body }

const unknownSchema = (id: number): NonNullable<Entry['failure']> => ({
  reason: 'HUB_SCHEMA_UNKNOWN',
  message: `No schema ${id} is registered; the survey has to register it before it sends packets with it`,
})

function reasonOf(error: unknown): NonNullable<Entry['failure']> {
  if (error instanceof HubError) return { reason: error.code, message: error.message }
  throw error
}
