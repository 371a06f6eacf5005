// How much of a disk the alert topics may take, on the hub and on a node. Pure.
import { type BrokerSettings, STREAMS } from '#hub'
import { type StartOptions } from './options.ts'

/** A synthetic packet is 110 KB at the median; visits kept are counted in larger ones. */
const BYTES_PER_ALERT = 150_000
const VISITS_KEPT = 8
const MIN_TOPIC_BYTES = 1024 ** 3

/** Bytes an alert topic may take on one broker: eight visits, and a gigabyte at least. */
export const alertTopicBytes = (alertsPerVisit: number): number =>
  Math.max(MIN_TOPIC_BYTES, VISITS_KEPT * alertsPerVisit * BYTES_PER_ALERT)

const RETENTION_HOURS = 24

/** What a broker of this system keeps of an alert topic. */
export const retentionOf = (topicBytes: number, partitions: number): NonNullable<BrokerSettings['retention']> => ({
  hours: RETENTION_HOURS,
  bytesPerPartition: Math.ceil(topicBytes / partitions),
})

/** What the survey's alert topic takes on a node, and a fifth to spare: no node with less free disk joins. */
export const nodeDiskBytes = ({ alerts }: Pick<StartOptions, 'alerts'>): number =>
  Math.ceil(1.2 * alertTopicBytes(alerts))

/** What a node may be away without losing an alert, where the disk allows it. */
const HUB_HOURS = 12
/** Of what is free or taken by the hub's alert topics already, they take no more together. */
const SHARE_OF_DISK = 0.25

/**
 * Bytes that an alert topic of the hub may take: twelve hours at the survey's rate, at most its part of a quarter of the disk, and never less than a
 * node keeps. `availableBytes` is what is free where the hub's data lies, and what its alert topics take now.
 */
export const hubTopicBytes = (
  { alerts, interval }: Pick<StartOptions, 'alerts' | 'interval'>,
  availableBytes: number,
): number => {
  const hours = (HUB_HOURS * 3600 * alerts * BYTES_PER_ALERT) / interval
  const allowed = (availableBytes * SHARE_OF_DISK) / Object.keys(STREAMS).length
  return Math.floor(Math.max(alertTopicBytes(alerts), Math.min(hours, allowed)))
}

/** Of the whole disk of a machine that is a node and nothing else. */
const SHARE_OF_NODE_DISK = 0.5
const MOST_ALERTS = 10_000

/** What a node alone on a machine keeps of an alert topic: its part of half the disk, at least a gigabyte, at most eight of Rubin's visits. */
export const loneTopicBytes = (diskBytes: number): number => {
  const part = Math.floor((diskBytes * SHARE_OF_NODE_DISK) / Object.keys(STREAMS).length)
  return Math.min(Math.max(MIN_TOPIC_BYTES, part), alertTopicBytes(MOST_ALERTS))
}
