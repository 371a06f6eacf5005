// Where hosts come from: a spare that stands by, or a new one; proved from outside before it is given away.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger } from 'pino'
import { SandboxError } from '../errors.ts'
import { type MakeAheadMessage, MessageKind } from '../protocol/wire.ts'
import { type HostProcess } from './process/host-process.ts'

export interface HostPoolOptions {
  readonly start: () => HostProcess
  /** Whether a spare stands by. */
  readonly spare: boolean
  /** Isolates that a spare would need if it took over now, by limit of memory. */
  readonly demand: () => ReadonlyMap<number, number>
  readonly logger: Logger
}

const AHEAD = { atOnce: 5, everyMs: 40, idleMs: 1000 } as const
/** A host that ends before it is used is replaced this often for one taker. */
const MAX_TRIES = 5
const PAUSE_MS = 100
/** A host that was just taken has filters to load, which needs the processor first. */
const SPARE_AFTER_MS = 250
/** A killed host is given up earlier than this where it is a child of this process. */
const CLOSE_MS = 30_000
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 60_000

/** Hosts of one trust group that have no filters yet. */
export function openHostPool({ start, spare: wantsSpare, demand, logger }: HostPoolOptions) {
  /** All that live, whoever has them. */
  const alive = new Set<HostProcess>()
  let spare: HostProcess | undefined
  let closed = false
  let retryMs = FIRST_RETRY_MS
  let timer: NodeJS.Timeout | undefined

  const open = (): HostProcess => {
    const host = start()
    alive.add(host)
    void forgetWhenEnded(host)
    return host
  }
  const forgetWhenEnded = async (host: HostProcess): Promise<void> => {
    const why = await host.gone
    alive.delete(host)
    if (why !== undefined) logger.error({ pid: host.pid(), why }, 'an isolate host did not start or end as it should')
  }
  const standBy = (): void => {
    if (!wantsSpare || closed || spare !== undefined) return
    spare = open()
    void replaceWhenEnded(spare)
  }
  /** A spare that was ended from outside is replaced, slower each time. */
  const replaceWhenEnded = async (host: HostProcess): Promise<void> => {
    await host.ended
    if (spare !== host) return
    spare = undefined
    timer = setTimeout(standBy, retryMs).unref()
    retryMs = Math.min(LAST_RETRY_MS, retryMs * 2)
  }
  /** A spare makes isolates ahead, a few at a time so that it can take over in between: V8 takes most of the time of a takeover for them. */
  const made = new WeakMap<HostProcess, Map<number, number>>()
  const makeAhead = (): void => {
    making = setTimeout(makeAhead, makeSome() ? AHEAD.everyMs : AHEAD.idleMs).unref()
  }
  /** False when there is nothing to make. */
  const makeSome = (): boolean => {
    if (spare === undefined) return false
    const has = made.get(spare) ?? new Map<number, number>()
    made.set(spare, has)
    for (const [memoryMb, wanted] of demand()) {
      const before = has.get(memoryMb) ?? 0
      const count = Math.min(wanted - before, AHEAD.atOnce)
      if (count <= 0) continue
      // One that is still starting is asked for its state only while there is something to make.
      if (!spare.isUp()) return true
      has.set(memoryMb, before + count)
      spare.send(MessageKind.makeAhead, { memoryMb, count } satisfies MakeAheadMessage)
      return true
    }
    return false
  }
  let making = wantsSpare ? setTimeout(makeAhead, AHEAD.everyMs).unref() : undefined

  const takeOne = async (): Promise<HostProcess> => {
    const host = spare ?? open()
    spare = undefined
    await host.ready
    return host
  }

  return {
    get spare(): HostProcess | undefined {
      return spare
    },
    /** A host that is ready and confined. Throws SANDBOX_HOST_START, SANDBOX_POSTURE. */
    async take(): Promise<HostProcess> {
      for (let tries = 1; ; tries++) {
        if (closed) throw new SandboxError('SANDBOX_CLOSED', 'The sandbox is closed; open a new one.')
        try {
          const host = await takeOne()
          const differences = await host.differences()
          if (differences.length === 0) {
            retryMs = FIRST_RETRY_MS
            clearTimeout(timer)
            timer = setTimeout(standBy, SPARE_AFTER_MS).unref()
            return host
          }
          host.kill('posture')
          const list = differences.join('; ')
          throw new SandboxError(
            'SANDBOX_POSTURE',
            `An isolate host gets no filter, because it is not confined as required: ${list}.`,
          )
        } catch (error) {
          if (tries >= MAX_TRIES) throw error
          logger.warn({ err: error }, 'an isolate host could not be used; trying another')
          // The first at once; whoever kills them all goes on for a while.
          if (tries > 1) await sleep(PAUSE_MS * 2 ** (tries - 1))
        }
      }
    },
    /** Ends every host that came from here, and waits for their end. */
    async close(): Promise<void> {
      closed = true
      clearTimeout(timer)
      clearTimeout(making)
      for (const host of alive) host.kill('retired')
      const late = sleep(CLOSE_MS, true, { ref: false })
      const isLate = await Promise.race([Promise.all([...alive].map(async host => host.gone)), late])
      if (isLate === true)
        logger.error({ hosts: alive.size }, 'isolate hosts that were killed have not ended; not waited for')
    },
  }
}

export type HostPool = ReturnType<typeof openHostPool>
