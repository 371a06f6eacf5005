// Reads single packets again that have left a reader's memory: those a cap of policy `best` chose, and those a slow lane needs.
import { setTimeout as sleep } from 'node:timers/promises'
import { type BrokerAccess } from '#hub'
import { fatalFault, outOfRange } from './fault.ts'
import { type FeedPacket } from './feed.ts'
import { runsOf } from './fetched.ts'
import { type LogClient, openLogClient } from './log-client.ts'

const MB = 1024 * 1024
/** One packet of 110 KB comes with a few neighbours; a larger one comes whole all the same. */
const FETCH_BYTES = MB
const MAX_WAIT_MS = 500
const PAUSE_MS = 100

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
  /** Reads packets of the topic by partition and offset. Waits out restarts of the broker; throws MirrorError MIRROR_FEED_* or the signal's reason. */
  read(places: readonly PacketPlace[], signal: AbortSignal): Promise<PacketsRead>
  close(): Promise<void>
}

const keyOf = ({ partition, offset }: PacketPlace): string => `${partition}-${offset}`

/** Opens a reader of one topic. It connects when first used and keeps its connection; one read at a time. */
export const openPacketReader = (access: BrokerAccess, clientId: string, topic: string): PacketReader => {
  let client: LogClient | undefined

  /** One fetch at `offset`: the packets from there on, or none where nothing is at that offset (any more). */
  const fetchAt = async ({ partition, offset }: PacketPlace): Promise<readonly FeedPacket[]> => {
    client ??= await openLogClient(access, clientId, topic)
    const leader = (await client.leaders()).get(partition)
    if (leader === undefined) return []
    const limits = { maxWaitMs: MAX_WAIT_MS, minBytes: 1, maxBytes: FETCH_BYTES, maxBytesPerPartition: FETCH_BYTES }
    const [fetched] = await client.fetch(leader, new Map([[partition, offset]]), limits)
    return fetched === undefined
      ? []
      : runsOf(fetched, offset).flatMap(run => (run.kind === 'batch' ? run.packets : []))
  }

  const persist = async (place: PacketPlace, signal: AbortSignal): Promise<readonly FeedPacket[]> => {
    for (;;) {
      signal.throwIfAborted()
      try {
        return await fetchAt(place)
      } catch (error) {
        if (outOfRange(error) !== undefined) return []
        const fatal = fatalFault(error, topic, access.user)
        if (fatal !== undefined) throw fatal
        await client?.recover(error)
        await sleep(PAUSE_MS, undefined, { signal })
      }
    }
  }

  return {
    read: async (places, signal) => {
      const packets = new Map<string, FeedPacket & { readonly partition: number }>()
      const wanted = new Set(places.map(keyOf))
      const inOrder = places.toSorted((a, b) => a.partition - b.partition || (a.offset < b.offset ? -1 : 1))
      for (const place of inOrder) {
        if (packets.has(keyOf(place))) continue
        const { partition } = place
        for (const packet of await persist(place, signal)) {
          const key = keyOf({ partition, offset: packet.offset })
          // Its neighbours share its memory: what is kept is copied.
          if (wanted.has(key)) packets.set(key, { ...packet, partition, value: Buffer.from(packet.value) })
        }
      }
      return {
        found: places.flatMap(place => packets.get(keyOf(place)) ?? []),
        gone: places.filter(place => !packets.has(keyOf(place))),
      }
    },
    close: async () => client?.close(),
  }
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
