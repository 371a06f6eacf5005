// A bench's child processes: how they are started, and how one is asked something.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { PACKET_ENV } from '#hub'

/** Survey or subscriber, each as cheap as it can be: all of it runs on the cores that are measured. */
export const forked = (file: string): ChildProcess =>
  fork(file, { env: { ...process.env, ...PACKET_ENV }, execArgv: ['--heap-growing-percent=900'] })

/** The child's next message; rejects when it ends instead. */
export const ask = async <T>(child: ChildProcess, message: object): Promise<T> => {
  const answered = new AbortController()
  const { signal } = answered
  const ended = once(child, 'exit', { signal }).then(([code]) =>
    Promise.reject(new Error(`a process of the bench ended (${code})`)),
  )
  ended.catch(() => undefined)
  child.send(message)
  try {
    return await Promise.race([once(child, 'message', { signal }).then(([reply]) => reply as T), ended])
  } finally {
    answered.abort()
  }
}
