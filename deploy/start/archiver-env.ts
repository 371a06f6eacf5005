// What the archiver's process has in its environment.

/**
 * Compressing, writing and flushing are calls of Node's thread pool, which has 4 threads unless told otherwise: a flush of 5 ms on each would hold the
 * two cores idle.
 */
export const ARCHIVER_ENV = { UV_THREADPOOL_SIZE: '16' }
