// What a distribution test says of a stream: how much came, what is missing or came twice, and how old it was. Pure but for its memory.
import { createHash } from 'node:crypto'

interface Received {
  /** Whatever tells one partition from the others. */
  readonly partition: number | string
  readonly offset: bigint
  readonly value: Uint8Array
  /** When the producer made it. */
  readonly producedMs: number
  readonly receivedMs: number
}

interface ReadingReport {
  readonly messages: number
  readonly bytes: number
  readonly medianBytes: number
  readonly seconds: number
  readonly messagesPerSecond: number
  readonly mbPerSecond: number
  readonly partitions: number
  /** Ranges of offsets that were not seen between the first and the last of a partition, and how many they hold. Markers of transactions are among them. */
  readonly gaps: number
  readonly missingOffsets: number
  /** Offsets that came again. */
  readonly repeated: number
  /** Messages with the bytes of an earlier one. */
  readonly duplicates: number
  readonly latencySeconds: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Of all messages, from 0 to 1. */
  readonly within60s: number
}

/** Values are told apart by the first 8 bytes of their SHA-1, for this many of the last ones. */
const REMEMBERED = 2_000_000
/** Steps of 1 % from a millisecond on. */
const STEP = Math.log(1.01)
const LATE_MS = 60_000
const MB = 1_000_000

/** Counts in steps of 1 %, so that memory does not grow. */
const openQuantiles = () => {
  const counts = new Map<number, number>()
  let total = 0
  return {
    add(value: number) {
      const bucket = value < 1 ? 0 : 1 + Math.floor(Math.log(value) / STEP)
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
      total += 1
    },
    at(share: number): number {
      let left = share * total
      for (const [bucket, count] of [...counts].toSorted(([a], [b]) => a - b)) {
        left -= count
        if (left <= 0) return bucket === 0 ? 0 : Math.exp(bucket * STEP)
      }
      return 0
    },
  }
}

const round = (value: number, digits = 3): number => Number(value.toFixed(digits))

interface ReadingStats {
  add(message: Received): void
  report(): ReadingReport
}

export function openReadingStats(): ReadingStats {
  const next = new Map<number | string, bigint>()
  const seen = new Set<string>()
  const latencies = openQuantiles()
  const sizes = openQuantiles()
  let [messages, bytes, gaps, repeated, duplicates, inTime] = [0, 0, 0, 0, 0, 0]
  let [missing, maxMs, firstMs, lastMs] = [0n, 0, 0, 0]

  const place = ({ partition, offset }: Received): boolean => {
    const expected = next.get(partition)
    if (expected !== undefined && offset < expected) {
      repeated += 1
      return false
    }
    if (expected !== undefined && offset > expected) {
      gaps += 1
      missing += offset - expected
    }
    next.set(partition, offset + 1n)
    return true
  }
  const isKnown = (value: Uint8Array): boolean => {
    const hash = createHash('sha1').update(value).digest('base64').slice(0, 11)
    if (seen.has(hash)) return true
    seen.add(hash)
    if (seen.size > REMEMBERED) for (const oldest of seen) return !seen.delete(oldest)
    return false
  }

  return {
    add(message) {
      const { value, producedMs, receivedMs } = message
      if (messages === 0) firstMs = receivedMs
      lastMs = receivedMs
      messages += 1
      bytes += value.length
      sizes.add(value.length)
      const lateMs = Math.max(0, receivedMs - producedMs)
      latencies.add(lateMs)
      maxMs = Math.max(maxMs, lateMs)
      if (lateMs <= LATE_MS) inTime += 1
      // What came again by its offset is no second packet.
      if (place(message) && isKnown(value)) duplicates += 1
    },
    report() {
      const seconds = Math.max(0.001, (lastMs - firstMs) / 1000)
      return {
        messages,
        bytes,
        medianBytes: Math.round(sizes.at(0.5)),
        seconds: round(seconds),
        messagesPerSecond: round(messages / seconds, 1),
        mbPerSecond: round(bytes / MB / seconds, 1),
        partitions: next.size,
        gaps,
        missingOffsets: Number(missing),
        repeated,
        duplicates,
        latencySeconds: {
          p50: round(latencies.at(0.5) / 1000),
          p99: round(latencies.at(0.99) / 1000),
          max: round(maxMs / 1000),
        },
        within60s: messages === 0 ? 0 : round(inTime / messages, 4),
      }
    },
  }
}
