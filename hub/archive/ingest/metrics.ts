// The archiver's metrics. Labels have few values: a stream, never an alert or a visit.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { type ArchiveOutcome } from './archive-batch.ts'
import { type SkyIndex } from '../index/sky-index.ts'

const COMMIT_BUCKETS = [0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30]
const MS = 1000

export interface ArchiveMetrics {
  /** A batch is archived, indexed and announced, `seconds` after it was taken from the feed. */
  committed: (stream: string, outcomes: readonly ArchiveOutcome[], seconds: number) => void
  /** Offsets that were gone before they were read. */
  gap: (stream: string, offsets: bigint) => void
  held: (stream: string, totals: ReturnType<SkyIndex['totals']>) => void
}

/** Declares the metrics. */
export const archiveMetrics = (registry: Registry): ArchiveMetrics => {
  const registers = [registry]
  const labelNames = ['stream'] as const
  const counter = (name: string, help: string) =>
    new Counter({ name: `skysieve_hub_${name}`, help, labelNames, registers })
  const gauge = (name: string, help: string) => new Gauge({ name: `skysieve_hub_${name}`, help, labelNames, registers })
  const alerts = counter('archive_alerts_total', 'Packets put into the archive.')
  const bytes = counter('archive_bytes_total', 'Their bytes, compressed.')
  const repeats = counter('archive_repeats_total', 'Packets that were in the archive already, with the same bytes.')
  const healed = counter('archive_healed_total', 'Torn objects of the archive that were replaced.')
  const conflicts = counter('archive_conflicts_total', 'Packets whose id came before with other bytes; set aside.')
  const letters = counter('dead_letters_total', 'Packets that could not be read.')
  const notices = counter('notices_total', 'Notices written.')
  const gaps = counter('archive_gap_offsets_total', 'Offsets that were gone before they were archived.')
  const behind = gauge('archive_behind_seconds', 'Age of the newest packet of the last group when it was committed.')
  const heldAlerts = gauge('archive_held_alerts', 'Packets in the archive.')
  const heldBytes = gauge('archive_held_bytes', 'Their bytes, compressed.')
  const otherBytes = gauge('archive_other_bytes', 'Bytes of schemas and of packets that are set aside.')
  const commit = new Histogram({
    name: 'skysieve_hub_archive_commit_seconds',
    help: 'From a group of packets to its notices.',
    buckets: COMMIT_BUCKETS,
    registers,
  })
  return {
    committed: (stream, outcomes, seconds) => {
      const of = (kind: ArchiveOutcome['kind']): number => outcomes.filter(one => one.kind === kind).length
      alerts.inc({ stream }, of('stored') + of('healed'))
      repeats.inc({ stream }, of('repeat'))
      healed.inc({ stream }, of('healed'))
      conflicts.inc({ stream }, of('conflict'))
      letters.inc({ stream }, of('unreadable'))
      const placed = outcomes.filter(one => 'row' in one)
      bytes.inc(
        { stream },
        placed.reduce((sum, { kind, row }) => sum + (kind === 'repeat' ? 0 : row.bytes), 0),
      )
      notices.inc({ stream }, placed.filter(({ isFirst }) => isFirst).length)
      commit.observe(seconds)
      const newestMs = Math.max(...outcomes.map(({ packet }) => packet.timestampMs))
      if (outcomes.length > 0) behind.set({ stream }, Math.max(0, Date.now() - newestMs) / MS)
    },
    gap: (stream, offsets) => gaps.inc({ stream }, Number(offsets)),
    held: (stream, totals) => {
      heldAlerts.set({ stream }, totals.alerts)
      heldBytes.set({ stream }, totals.bytes)
      otherBytes.set({ stream }, totals.otherBytes)
    },
  }
}
