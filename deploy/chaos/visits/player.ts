// Plays a timetable into the hub and keeps at it: what the hub did not acknowledge is sent again, which may put a packet there twice.
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type BrokerAccess,
  HubError,
  MAX_REQUEST_BYTES,
  medianOf,
  messageBytes,
  openProducer,
  type Producer,
  type SyntheticSource,
} from '#hub'
import { stampOf } from './timestamps.ts'
import { type Departure } from './timetable.ts'

export interface PlayerOptions {
  readonly access: BrokerAccess
  readonly topic: string
  readonly source: SyntheticSource
  readonly departures: readonly Departure[]
  readonly signal: AbortSignal
}

/** What the hub has acknowledged: alert id → SHA-256 of its packet. */
export interface Played {
  readonly packets: ReadonlyMap<string, string>
  /** Alert id → when its packet was sent first, ms since 1970: timestamps of records need not say so. */
  readonly sentMs: ReadonlyMap<string, number>
  readonly packetBytesMedian: number
}

const CLIENT_ID = 'skysieve-chaos'
const RETRY_MS = 500

/** Resolves when everything is acknowledged. Rejects when aborted. */
export const play = async ({ access, topic, source, departures, signal }: PlayerOptions): Promise<Played> => {
  const startMs = performance.now()
  const packets = new Map<string, string>()
  const sentMs = new Map<string, number>()
  const firstMs = new Map<number, number>()
  const sizes: number[] = []
  let producer: Producer | undefined

  const send = async (messages: Parameters<Producer['send']>[0]): Promise<void> => {
    for (;;) {
      signal.throwIfAborted()
      try {
        producer ??= await openProducer(access, { clientId: CLIENT_ID })
        return await producer.send(messages)
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
      const waitMs = (departures[next]?.dueMs ?? 0) - (performance.now() - startMs)
      if (waitMs > 0) await sleep(waitMs, undefined, { signal })
      const nowMs = performance.now() - startMs
      const messages = []
      const hashes: [string, string][] = []
      for (let bytes = 0; next < departures.length && bytes < MAX_REQUEST_BYTES / 2; next++) {
        const departure = departures[next]
        if (departure === undefined || departure.dueMs > nowMs) break
        const { packet, alertId } = source.packet(departure.visitNumber, departure.alertNumber)
        const atMs = Date.now()
        const { visitNumber } = departure
        if (!firstMs.has(visitNumber)) firstMs.set(visitNumber, atMs)
        if (!sentMs.has(String(alertId))) sentMs.set(String(alertId), atMs)
        const timestampMs = stampOf(visitNumber)(atMs, firstMs.get(visitNumber) ?? atMs)
        const message = { topic, partition: departure.partition, value: packet, timestampMs }
        messages.push(message)
        bytes += messageBytes(message)
        hashes.push([String(alertId), createHash('sha256').update(packet).digest('hex')])
        sizes.push(packet.length)
      }
      await send(messages)
      for (const [alert, hash] of hashes) packets.set(alert, hash)
    }
  } finally {
    await producer?.close().catch(() => undefined)
  }
  return { packets, sentMs, packetBytesMedian: medianOf(sizes) }
}
