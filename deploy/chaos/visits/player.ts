// Plays a timetable into the hub and keeps at it: what the hub did not acknowledge is sent again, which may put a packet there twice.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Acknowledged,
  type BrokerAccess,
  HubError,
  MAX_REQUEST_BYTES,
  medianOf,
  messageBytes,
  openProducer,
  type Producer,
  type SyntheticSource,
} from '#hub'
import { type Journal, type SentPacket } from './journal.ts'
import { stampOf } from './timestamps.ts'
import { type Departure } from './timetable.ts'

export interface PlayerOptions {
  readonly access: BrokerAccess
  readonly topic: string
  readonly source: SyntheticSource
  readonly departures: readonly Departure[]
  readonly journal: Journal
  readonly signal: AbortSignal
  /** The timestamp of each packet; of every kind that a survey may write when absent. */
  readonly stampFor?: typeof stampOf
  /** Told of each visit when its first packet is due. */
  readonly onVisit?: (visitNumber: number) => void
  /** Departures of other visits are left out, from when it says so. */
  readonly isWanted?: (visitNumber: number) => boolean
}

export interface Played {
  readonly packetBytesMedian: number
}

const CLIENT_ID = 'skysieve-chaos'
const RETRY_MS = 500

/** Resolves when everything is acknowledged, and in the journal. Rejects when aborted. */
export const play = async (options: PlayerOptions): Promise<Played> => {
  const { access, topic, source, departures, journal, signal } = options
  const { stampFor = stampOf, onVisit, isWanted = () => true } = options
  const startMs = performance.now()
  const firstMs = new Map<number, number>()
  const sizes: number[] = []
  let producer: Producer | undefined

  let written: Acknowledged[] = []
  const onAcknowledged = (places: Acknowledged): void => void written.push(places)
  const send = async (messages: Parameters<Producer['send']>[0]): Promise<readonly Acknowledged[]> => {
    for (;;) {
      signal.throwIfAborted()
      try {
        producer ??= await openProducer(access, { clientId: CLIENT_ID, onAcknowledged })
        written = []
        await producer.send(messages)
        return written
      } catch (error) {
        if (!(error instanceof HubError)) throw error
        await producer?.close().catch(() => undefined)
        producer = undefined
        await sleep(RETRY_MS, undefined, { signal })
      }
    }
  }

  try {
    for (let next = 0; next < departures.length;) {
      if (!isWanted(departures[next]?.visitNumber ?? 0)) {
        next++
        continue
      }
      const waitMs = (departures[next]?.dueMs ?? 0) - (performance.now() - startMs)
      if (waitMs > 0) await sleep(waitMs, undefined, { signal })
      const nowMs = performance.now() - startMs
      const messages = []
      const sent: SentPacket[] = []
      for (let bytes = 0; next < departures.length && bytes < MAX_REQUEST_BYTES / 2; next++) {
        const departure = departures[next]
        if (departure === undefined || departure.dueMs > nowMs) break
        if (!isWanted(departure.visitNumber)) continue
        const { packet, alertId } = source.packet(departure.visitNumber, departure.alertNumber)
        const atMs = Date.now()
        const { visitNumber } = departure
        if (!firstMs.has(visitNumber)) {
          firstMs.set(visitNumber, atMs)
          onVisit?.(visitNumber)
        }
        const timestampMs = stampFor(visitNumber)(atMs, firstMs.get(visitNumber) ?? atMs)
        const message = { topic, partition: departure.partition, value: packet, timestampMs }
        messages.push(message)
        bytes += messageBytes(message)
        sent.push({ partition: departure.partition, alertId: String(alertId), sentMs: atMs, packet })
        sizes.push(packet.length)
      }
      if (messages.length > 0) await journal.acknowledged(sent, await send(messages))
    }
  } finally {
    await producer?.close().catch(() => undefined)
  }
  return { packetBytesMedian: medianOf(sizes) }
}
