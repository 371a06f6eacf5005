// How much processor time filters take per record, and which of them are slow: those run in hosts of their own kind or with less of the processor, so that only they
// wait for one another.

/** Mean CPU time per record above which a filter is slow. A field test takes half a microsecond, a light curve of 50 points seven. */
export const SLOW_US = 100
/** A mean over fewer records says little. */
const MIN_RECORDS = 512
/** The mean forgets what is older than about so many records. */
const WINDOW_RECORDS = 4096

interface Pace {
  records: number
  cpuMs: number
}

/** Paces of the filters of one trust group. */
export function openPaces() {
  const paces = new Map<string, Pace>()
  return {
    /** Takes a batch in; true when the filter is slow. */
    isSlowAfter(filter: string, records: number, cpuMs: number): boolean {
      const pace = paces.get(filter) ?? { records: 0, cpuMs: 0 }
      paces.set(filter, pace)
      pace.records += records
      pace.cpuMs += cpuMs
      if (pace.records > WINDOW_RECORDS) {
        pace.records /= 2
        pace.cpuMs /= 2
      }
      return pace.records >= MIN_RECORDS && (pace.cpuMs * 1000) / pace.records > SLOW_US
    },
    forget(filter: string): void {
      paces.delete(filter)
    },
  }
}
