// Queries of anybody, answered beside the event loop that serves everybody: one thread, a bounded line before it, and a limit of time, after which
// the thread is ended and another takes its place.
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type RegistryLog } from '../state/registry-log.ts'
import { refusalWith, refuse } from '../state/registry-errors.ts'
import { type Failure, type FromThread, type Query, type ToThread } from './query.ts'

/** A body that was made to take long takes two seconds of a processor, which a busy machine may not give for a while. */
const LIMIT_MS = 30_000
/** To read its own program. */
const START_MS = 60_000
const MAX_WAITING = 64
const MAX_HEAP_MB = 256
const THREAD = join(import.meta.dirname, 'query-thread.ts')

export interface QueryQueue {
  /** The answer's body. Rejects with a refusal; also where too many wait or this one takes too long. */
  ask(query: Query): Promise<object>
  close(): Promise<void>
}

export interface QueryQueueOptions {
  readonly limitMs?: number
  readonly maxWaiting?: number
  /** Path of the thread's program. */
  readonly thread?: string
}

interface Asked {
  readonly query: Query
  readonly resolve: (answer: object) => void
  readonly reject: (error: unknown) => void
}

interface Thread {
  isReady: boolean
  readonly worker: Worker
  readonly unfollow: () => void
}

const errorOf = ({ message, errorCode, statusCode, isSyntax }: Failure): Error => {
  if (errorCode !== undefined) return refusalWith(errorCode, message)
  if (isSyntax === true) return new SyntaxError(message)
  return Object.assign(new Error(message), statusCode === undefined ? {} : { statusCode })
}

/** Opens no thread before the first query. */
export const openQueryQueue = (
  { follow }: Pick<RegistryLog, 'follow'>,
  { limitMs = LIMIT_MS, maxWaiting = MAX_WAITING, thread: program = THREAD }: QueryQueueOptions = {},
): QueryQueue => {
  const waiting: Asked[] = []
  let thread: Thread | undefined
  let current: Asked | undefined
  let timer: NodeJS.Timeout | undefined
  let number = 0
  let isClosed = false

  const tell = ({ worker }: Pick<Thread, 'worker'>, told: ToThread, transfer: readonly ArrayBuffer[] = []): void =>
    worker.postMessage(told, transfer)

  const open = (): Thread => {
    const worker = new Worker(program, {
      name: 'registry-queries',
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    })
    worker.unref()
    const unfollow = follow((key, record) => tell({ worker }, { key, record }))
    const opened: Thread = { isReady: false, worker, unfollow }
    worker.on('message', (from: FromThread) => {
      if (thread !== opened) return
      if ('isReady' in from) {
        opened.isReady = true
        if (current !== undefined) limit(limitMs)
      } else if (from.number === number) finish('answer' in from ? from.answer : errorOf(from.failure))
    })
    const ended = (why: string): void => {
      if (thread === opened) drop(refuse('STORE', `This could not be answered: ${why}`))
    }
    worker.on('error', error => ended(error.message))
    worker.on('exit', code => ended(`its thread ended with ${code}`))
    return opened
  }
  const finish = (outcome: object): void => {
    clearTimeout(timer)
    const asked = current
    current = undefined
    if (outcome instanceof Error) asked?.reject(outcome)
    else asked?.resolve(outcome)
    next()
  }
  const limit = (ms: number): void => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      drop(refuse('TOO_LARGE', `Reading this took longer than ${ms / 1000} s; ask with a smaller schema`))
    }, ms)
  }
  /** Ends the thread; what waits is answered by another. */
  const drop = (error: Error): void => {
    void endThread()
    finish(error)
  }
  const endThread = async (): Promise<void> => {
    const { worker, unfollow } = thread ?? {}
    thread = undefined
    unfollow?.()
    await worker?.terminate()
  }
  const next = (): void => {
    if (isClosed || current !== undefined) return
    current = waiting.shift()
    if (current === undefined) return
    try {
      thread ??= open()
      number++
      limit(thread.isReady ? limitMs : START_MS)
      const { query } = current
      // A copy: small bodies share their memory with others.
      const bytes = new Uint8Array(query.body.bytes)
      tell(thread, { query: { ...query, body: { ...query.body, bytes } }, number }, [bytes.buffer])
    } catch (error) {
      finish(error instanceof Error ? error : new Error(String(error)))
    }
  }
  return {
    ask: query =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(refuse('STORE', 'The registry is closing'))
        if (waiting.length >= maxWaiting)
          return reject(refuse('TOO_MANY', `${waiting.length} queries wait already; ask again in a few seconds`))
        waiting.push({ query, resolve, reject })
        return next()
      }),
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      const closing = refuse('STORE', 'The registry is closing')
      for (const { reject } of [...(current === undefined ? [] : [current]), ...waiting.splice(0)]) reject(closing)
      current = undefined
      await endThread()
    },
  }
}
