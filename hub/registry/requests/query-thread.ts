// The thread in which queries are answered: it keeps a copy of what is registered, which the main thread tells it record by record.
import { parentPort } from 'node:worker_threads'
import { isRefusal } from '../state/registry-errors.ts'
import { type Placed, type RegistryState, replayPlaced } from '../state/registry-state.ts'
import { answerQuery, type Failure, type FromThread, type Query, type ToThread } from './query.ts'

const failureOf = (error: unknown): Failure => {
  const message = error instanceof Error ? error.message : String(error)
  if (isRefusal(error)) return { message, errorCode: error.errorCode }
  if (error instanceof SyntaxError) return { message, isSyntax: true }
  const statusCode: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'statusCode') : undefined
  return { message, ...(typeof statusCode === 'number' ? { statusCode } : {}) }
}

const records = new Map<string, Placed>()
let state: RegistryState | undefined

const answer = (query: Query): { answer: object } | { failure: Failure } => {
  try {
    state ??= replayPlaced(records.values())
    return { answer: answerQuery(state, query) }
  } catch (error) {
    return { failure: failureOf(error) }
  }
}

parentPort?.on('message', (told: ToThread) => {
  if ('query' in told) {
    parentPort?.postMessage({ number: told.number, ...answer(told.query) } satisfies FromThread, [])
    return
  }
  state = undefined
  if (told.record === undefined) records.delete(told.key)
  else records.set(told.key, told.record)
})
parentPort?.postMessage({ isReady: true } satisfies FromThread, [])
