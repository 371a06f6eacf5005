// Whether a shard still reports. Pure.

/** A shard reports every few seconds; one silent for so long is given no filters. */
export const SILENT_AFTER_MS = 60_000

/** Also where its time is none. */
export const isSilent = (reportedAtMs: number | undefined, nowMs: number): boolean =>
  !(nowMs - (reportedAtMs ?? -Infinity) < SILENT_AFTER_MS)
