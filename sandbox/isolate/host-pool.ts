// Where seats get their hosts: a spare that stands by, or a new one; proved from outside before it is given away.
import { type Logger } from 'pino'
import { SandboxError } from '../errors.ts'
import { type HostProcess } from './host-process.ts'

export interface HostPoolOptions {
  readonly start: () => HostProcess
  /** Differences of a running host from what is required. */
  readonly inspect: (host: HostProcess) => readonly string[]
  /** Whether a spare stands by. */
  readonly spare: boolean
  readonly logger: Logger
}

/** A host that ends before it is used is replaced this often for one taker. */
const MAX_TRIES = 4
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 60_000

/** Hosts of one cordon that no seat has yet. */
export function openHostPool({ start, inspect, spare: wantsSpare, logger }: HostPoolOptions) {
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
    await host.ended
    alive.delete(host)
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
          const differences = inspect(host)
          if (differences.length === 0) {
            retryMs = FIRST_RETRY_MS
            standBy()
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
        }
      }
    },
    /** Ends every host that came from here, and waits for their end. */
    async close(): Promise<void> {
      closed = true
      clearTimeout(timer)
      for (const host of alive) host.kill('retired')
      await Promise.all([...alive].map(host => host.ended))
    },
  }
}

export type HostPool = ReturnType<typeof openHostPool>
