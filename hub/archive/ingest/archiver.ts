// The archiver of a stream, for as long as its process lives. In: every packet of the stream's topic. Out: an object for each in the store, a row in the
// index, a notice, or a dead letter. It runs one incarnation after another (archiver-incarnation.ts), and beside them two jobs: the offsets that tools
// show, and the archive's size (retention.ts).
import { setTimeout as sleep } from 'node:timers/promises'
import { HubError } from '../../errors.ts'
import { openAdmin } from '../../kafka/admin/open-admin.ts'
import { type Offsets } from '../../kafka/admin/offsets.ts'
import { runArchiverIncarnation, type IncarnationOptions } from './archiver-incarnation.ts'
import { countOtherObjects, removeOldest } from './retention.ts'

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 10_000
/** How often the consumer group's offsets are set. They are for people and their tools; the archiver reads on by archiver-positions.ts. */
const VISIBLE_MS = 5000
const RETAIN_MS = 2000

export interface ArchiverOptions extends IncarnationOptions {
  /** Bytes that this stream may keep, of compressed packets, packets set aside and schemas; all of them where absent. */
  readonly maxBytes?: number
}

export interface Archiver {
  /** Why packets are not archived at this moment; undefined while they are. */
  problem: () => string | undefined
  /** Packets set aside since it began, because their id had come before with other bytes. */
  conflicts: () => number
  /** Everything before these offsets is archived and announced; undefined until it is known. */
  positions: () => Offsets | undefined
  /** Rejects with HUB_FENCED when another archiver has taken over, or with what no repetition mends; resolves when it was closed. */
  readonly ended: Promise<void>
  close: () => Promise<void>
}

/** Starts archiving; returns at once. */
export const startArchiver = (options: ArchiverOptions): Archiver => {
  const { access, stream, log, metrics, store, index } = options
  const stop = new AbortController()
  const { signal } = stop
  let positions: Offsets | undefined
  let trouble: string | undefined
  let conflicts = 0
  let failure: string | undefined = 'it has not begun yet'

  const live = async (): Promise<void> => {
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
      try {
        await runArchiverIncarnation(
          options,
          {
            onCommit: committed => {
              positions = new Map(committed)
              failure = undefined
              pauseMs = FIRST_PAUSE_MS
            },
            onConflicts: count => (conflicts += count),
            onTrouble: problem => (trouble = problem),
          },
          signal,
        )
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof HubError && error.code === 'HUB_FENCED') throw error
        failure = error instanceof Error ? error.message : String(error)
        log.error({ stream: stream.name, err: error }, 'archiving begins again where it has committed')
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Runs a job again and again; a failure is logged when its reason is new. */
  const repeat = async (everyMs: number, what: string, action: () => Promise<void>): Promise<void> => {
    let said = ''
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      try {
        await action()
        said = ''
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        if (why !== said) log.warn({ stream: stream.name, why }, what)
        said = why
      }
    }
  }

  const keepSize = async (): Promise<void> => {
    const { maxBytes } = options
    if (!index.totals().isComplete) await countOtherObjects({ store, index, stream: stream.name })
    if (maxBytes !== undefined) {
      const { packets, others } = await removeOldest({ store, index, stream: stream.name, maxBytes, signal })
      if (packets + others > 0)
        log.info({ stream: stream.name, packets, others, maxBytes }, 'the oldest objects are removed from the archive')
    }
    metrics.held(stream.name, index.totals())
  }

  const admin = openAdmin(access, `${access.user}.visible`)
  let shown = ''
  const showOffsets = async (): Promise<void> => {
    const current = positions
    if (current === undefined || current.size === 0) return
    const text = [...current].join()
    if (text === shown) return
    await admin.setGroupOffsets(access.user, stream.topic, current)
    shown = text
  }

  const living = live()
  living.catch(() => stop.abort())
  const jobs = Promise.all([
    repeat(RETAIN_MS, 'the archive’s size cannot be kept', keepSize),
    repeat(VISIBLE_MS, 'the group’s offsets cannot be shown', showOffsets),
  ])
  const end = async (): Promise<void> => {
    try {
      await living
    } finally {
      stop.abort()
      await jobs
      await admin.close().catch(() => undefined)
    }
  }
  const ended = end()
  ended.catch(() => undefined)
  return {
    problem: () => trouble ?? failure,
    conflicts: () => conflicts,
    positions: () => positions,
    ended,
    close: async () => {
      stop.abort()
      await ended.catch(() => undefined)
    },
  }
}
