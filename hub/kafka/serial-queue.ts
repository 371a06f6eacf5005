// One call after another: the client library mixes up concurrent calls of one kind, and a producer's messages have an order.

/** A queue of its own: runs each task when those before it have ended, however they did. */
export const openQueue = (): (<T>(task: () => T | Promise<T>) => Promise<T>) => {
  let last: Promise<unknown> = Promise.resolve()
  return task => {
    const run = last.then(task)
    last = run.catch(() => undefined)
    return run
  }
}
