// Reads single packets again that have left a reader's memory: those a cap of policy `best` chose, and those a slow lane needs.
import { setTimeout as sleep } from 'node:timers/promises'
import { type BrokerAccess, type FetchedPartition, openTopicLog } from '#hub'
import { fatalFetchError } from './fetch-error.ts'
import { type FeedPacket } from './feed.ts'
import { contiguousRuns } from './contiguous-batches.ts'

const KB = 1024
const MB = 1024 * KB
/** Taken for a packet's size until one is known. */
const USUAL_BYTES = 128 * KB
const MIN_FETCH_BYTES = 128 * KB
/** Wanted packets that lie as close as this are fetched together, with what is between them. */
const MAX_FETCH_BYTES = 4 * MB
/** Of all partitions of a leader. */
const MAX_ANSWER_BYTES = 16 * MB
const MAX_WAIT_MS = 500
const PAUSE_MS = 100
/** A leader that has just changed may know an older end for a moment. */
const BEYOND_LIMIT_MS = 5000

/** Where a packet lies in its topic. */
export interface PacketPlace {
  readonly partition: number
  readonly offset: bigint
}

/** What was found, in the order asked for, and what is not there any more: deleted by retention, or never handed out. */
export interface PacketsRead {
  readonly found: readonly (FeedPacket & { readonly partition: number })[]
  readonly gone: readonly PacketPlace[]
}

export interface PacketReader {
  /**
   * Reads packets of the topic by partition and offset, in one pass over each partition. Waits out restarts of the broker; throws MirrorError MIRROR_FEED_* or
   * the signal's reason. Once `maxBytes` are found the rest is left: it is neither found nor gone.
   */
  read(places: readonly PacketPlace[], signal: AbortSignal, maxBytes?: number): Promise<PacketsRead>
  close(): Promise<void>
}

const keyOf = ({ partition, offset }: PacketPlace): string => `${partition}-${offset}`

/** What is still wanted of each partition, ascending. */
const byPartition = (places: readonly PacketPlace[]): Map<number, bigint[]> => {
  const wanted = new Map<number, bigint[]>()
  const sorted = [...new Map(places.map(place => [keyOf(place), place])).values()].toSorted((a, b) =>
    a.offset < b.offset ? -1 : 1,
  )
  for (const { partition, offset } of sorted) {
    const offsets = wanted.get(partition)
    if (offsets === undefined) wanted.set(partition, [offset])
    else offsets.push(offset)
  }
  return wanted
}

/** How much to fetch for the first of these offsets, and those close behind it. */
const reachOf = (offsets: readonly bigint[], packetBytes: number): number => {
  const [first = 0n] = offsets
  const bytesTo = (offset: bigint): number => Number(offset - first + 1n) * packetBytes
  const furthest = offsets.findLast(offset => bytesTo(offset) <= MAX_FETCH_BYTES) ?? first
  return Math.min(MAX_FETCH_BYTES, Math.max(MIN_FETCH_BYTES, Math.ceil(bytesTo(furthest) * 1.1)))
}

/** Opens a reader of one topic. It connects when first used and keeps its connection; one read at a time. */
export const openPacketReader = (access: BrokerAccess, clientId: string, topic: string): PacketReader => {
  const log = openTopicLog(access, { clientId, topic })
  let packetBytes = USUAL_BYTES

  /** One request to each leader. Partitions without a leader, and empty answers, are asked again. */
  const fetchFirsts = async (wanted: ReadonlyMap<number, readonly bigint[]>): Promise<FetchedPartition[]> => {
    const { leaders } = await log.place()
    const asked = new Map<number, Map<number, bigint>>()
    for (const [partition, [first = 0n]] of wanted) {
      const leader = leaders.get(partition)
      if (leader === undefined || leader < 0) continue
      asked.set(leader, (asked.get(leader) ?? new Map<number, bigint>()).set(partition, first))
    }
    const reach = Math.max(...[...wanted.values()].map(offsets => reachOf(offsets, packetBytes)))
    const fetched: FetchedPartition[] = []
    for (const [leader, positions] of asked) {
      const maxBytes = Math.min(MAX_ANSWER_BYTES, reach * positions.size)
      const limits = { maxWaitMs: MAX_WAIT_MS, minBytes: 1, maxBytes, maxBytesPerPartition: reach }
      fetched.push(...(await log.fetch(leader, positions, limits)))
    }
    return fetched
  }

  /** What is wanted before the log's start is gone; what lies behind its end is, when a leader has had time to know better. */
  const outside = async (partition: number, offsets: readonly bigint[], sinceMs: number): Promise<bigint[]> => {
    const start = (await log.offsets('earliest', [partition])).get(partition) ?? 0n
    const end = (await log.offsets('latest', [partition])).get(partition) ?? 0n
    const isBeyond = performance.now() - sinceMs > BEYOND_LIMIT_MS
    return offsets.filter(offset => offset < start || (offset >= end && isBeyond))
  }

  const read: PacketReader['read'] = async (places, signal, maxBytes = Infinity) => {
    const packets = new Map<string, FeedPacket & { readonly partition: number }>()
    const gone = new Set<string>()
    const wanted = byPartition(places)
    let outsideSinceMs: number | undefined
    const settle = (partition: number, isSettled: (offset: bigint) => boolean): void => {
      const rest = wanted.get(partition)?.filter(offset => !isSettled(offset)) ?? []
      if (rest.length === 0) wanted.delete(partition)
      else wanted.set(partition, rest)
    }
    /** Whether anything came. */
    const take = (fetched: FetchedPartition): boolean => {
      const { partition } = fetched
      const offsets = wanted.get(partition) ?? []
      const runs = contiguousRuns(fetched, offsets[0] ?? 0n)
      for (const run of runs) {
        const found = run.kind === 'batch' ? run.packets.filter(({ offset }) => offsets.includes(offset)) : []
        for (const packet of found) {
          // Its neighbours share its memory: what is kept is copied.
          packets.set(keyOf({ partition, offset: packet.offset }), {
            ...packet,
            partition,
            value: Buffer.from(packet.value),
          })
          packetBytes = Math.ceil((packetBytes * 7 + packet.value.length) / 8)
        }
        // What the log has stepped over is not in it: deleted, aborted, or a marker.
        for (const offset of offsets)
          if (offset < run.to && !packets.has(keyOf({ partition, offset }))) gone.add(keyOf({ partition, offset }))
        settle(partition, offset => offset < run.to)
      }
      return runs.length > 0
    }
    /** Whether the log is known not to have some of what is wanted. */
    const giveUp = async ({ partition }: FetchedPartition): Promise<boolean> => {
      outsideSinceMs ??= performance.now()
      const lost = await outside(partition, wanted.get(partition) ?? [], outsideSinceMs)
      for (const offset of lost) gone.add(keyOf({ partition, offset }))
      settle(partition, offset => lost.includes(offset))
      return lost.length > 0
    }
    const bytesFound = (): number => packets.values().reduce((sum, { value }) => sum + value.length, 0)
    while (wanted.size > 0 && bytesFound() < maxBytes) {
      signal.throwIfAborted()
      try {
        const fetched = await fetchFirsts(wanted)
        let hasMoved = false
        for (const one of fetched) hasMoved = (one.isOutOfRange ? await giveUp(one) : take(one)) || hasMoved
        if (!hasMoved) await sleep(PAUSE_MS, undefined, { signal })
      } catch (error) {
        const fatal = fatalFetchError(error, topic, access.user)
        if (fatal !== undefined) throw fatal
        await sleep(PAUSE_MS, undefined, { signal })
      }
    }
    return {
      found: places.flatMap(place => packets.get(keyOf(place)) ?? []),
      gone: places.filter(place => gone.has(keyOf(place))),
    }
  }
  return { read, close: log.close }
}

/** Reads packets again with a connection of its own. Throws as PacketReader.read. */
export const readPackets = async (
  access: BrokerAccess,
  topic: string,
  places: readonly PacketPlace[],
  signal: AbortSignal,
): Promise<PacketsRead> => {
  const reader = openPacketReader(access, `${access.user}.again`, topic)
  try {
    return await reader.read(places, signal)
  } finally {
    await reader.close()
  }
}
