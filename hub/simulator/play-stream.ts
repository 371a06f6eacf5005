// `skysieve stream play`: visits, one each interval, sent unchanged into the hub at the pace asked for.
import { setTimeout as sleep } from 'node:timers/promises'
import { HubError } from '../errors.ts'
import { MAX_REQUEST_BYTES, type Message, messageBytes } from '../kafka/produce/messages.ts'
import { type Producer } from '../kafka/produce/producer.ts'
import { burstSlices, openPace, smoothSlices } from './visit-pace.ts'
import { type PacketSource, type SourceVisit } from './packet-source.ts'

export interface PlayOptions {
  /** Idempotent, without a transactional id. */
  readonly producer: Pick<Producer, 'send'>
  readonly source: PacketSource
  /** From the start of one visit to the start of the next; a visit that takes longer delays the next. 0 plays without pauses. */
  readonly intervalMs: number
  /** How long the packets of a visit take; 80 % of the interval by default. */
  readonly spreadMs?: number
  /** `burst` sends as DMTN-149's simulator does: 10,000 packets in 3 s. */
  readonly profile?: 'smooth' | 'burst'
  /** At most so many visits. */
  readonly visits?: number
  readonly signal?: AbortSignal
  readonly onVisit?: (played: PlayedVisit) => void
  /** A packet that was not sent, with its size and alert; the stream goes on. */
  readonly onRefused?: (error: HubError) => void
}

/** What became of a visit. */
export interface PlayedVisit {
  readonly visit: bigint
  readonly topic: string
  readonly packets: number
  readonly refused: number
  readonly bytes: number
  /** From the first packet to the last acknowledgement. */
  readonly durationMs: number
  /** How much later than planned the last packets left. */
  readonly lateMs: number
}

export interface Played {
  readonly visits: number
  readonly packets: number
  readonly refused: number
  readonly bytes: number
  /** false when the signal ended it. */
  readonly completed: boolean
}

const DEFAULT_SPREAD = 0.8
/** What the hub takes: 10 MB, a little below Rubin's limit for a message with its frame in Kafka (10,485,760 bytes). */
export const MAX_PACKET_BYTES = 10_000_000

const refusal = (packet: Buffer, index: number, visit: SourceVisit): HubError =>
  new HubError(
    'HUB_MESSAGE_TOO_LARGE',
    `Packet ${index + 1} of visit ${visit.visit} (alert ${visit.alertAt(index, packet) ?? 'without a readable id'}) has ` +
      `${packet.length} bytes and was not sent; the hub takes packets of up to ${MAX_PACKET_BYTES} bytes`,
  )

/** Waits; resolves at once where the time has passed, rejects when aborted. */
const until = async (timeMs: number, signal: AbortSignal | undefined): Promise<void> => {
  signal?.throwIfAborted()
  const waitMs = timeMs - performance.now()
  if (waitMs > 0) await sleep(waitMs, undefined, signal === undefined ? {} : { signal })
}

const playVisit = async (visit: SourceVisit, startMs: number, options: PlayOptions): Promise<PlayedVisit> => {
  const { producer, intervalMs, spreadMs = intervalMs * DEFAULT_SPREAD, profile, signal, onRefused } = options
  const { topic } = visit.stream
  const slices =
    profile === 'burst'
      ? burstSlices(visit.packets, Number(visit.visit % 0x7fff_ffffn))
      : smoothSlices(visit.packets, spreadMs)
  const pace = openPace(slices)
  let taken = 0
  let sent = 0
  let refused = 0
  let bytes = 0
  let request: Message[] = []
  let requestBytes = 0
  let inFlight: Promise<void> = Promise.resolve()

  // One request is under way while the next is gathered.
  const flush = async (): Promise<void> => {
    if (request.length === 0) return
    await inFlight
    inFlight = producer.send(request)
    inFlight.catch(() => undefined)
    sent += request.length
    request = []
    requestBytes = 0
  }

  try {
    for await (const packet of visit.read()) {
      while (taken >= pace.dueAfter(performance.now() - startMs) && taken < visit.packets) {
        await flush()
        await until(startMs + pace.nextMs(), signal)
      }
      taken++
      if (packet.length > MAX_PACKET_BYTES) {
        refused++
        onRefused?.(refusal(packet, taken - 1, visit))
        continue
      }
      // Rubin's packets have no key, so that a visit scatters over all partitions, and this header.
      const message = { topic, value: packet, headers: { producer_timestamp: String(Date.now()) } }
      const messageSize = messageBytes(message)
      if (requestBytes + messageSize > MAX_REQUEST_BYTES) await flush()
      request.push(message)
      requestBytes += messageSize
      bytes += packet.length
    }
    await flush()
  } finally {
    await inFlight
  }
  const durationMs = performance.now() - startMs
  const plannedMs = slices.at(-1)?.dueMs ?? 0
  return {
    visit: visit.visit,
    topic,
    packets: sent,
    refused,
    bytes,
    durationMs,
    lateMs: Math.max(0, durationMs - plannedMs),
  }
}

/** Plays a source to its end, to `visits`, or until aborted. Throws HubError HUB_SEND_FAILED and what the source throws. */
export const playStream = async (options: PlayOptions): Promise<Played> => {
  const { source, intervalMs, visits = Infinity, signal, onVisit } = options
  const played = { visits: 0, packets: 0, refused: 0, bytes: 0 }
  let startMs = performance.now()
  try {
    for await (const visit of source.visits()) {
      await until(startMs, signal)
      startMs = Math.max(startMs, performance.now())
      const report = await playVisit(visit, startMs, options)
      played.visits++
      played.packets += report.packets
      played.refused += report.refused
      played.bytes += report.bytes
      onVisit?.(report)
      startMs += intervalMs
      if (played.visits >= visits) break
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error
    return { ...played, completed: false }
  }
  return { ...played, completed: true }
}
