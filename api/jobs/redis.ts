// Connections to the API's own Redis. It holds only what may vanish, so nothing waits for it longer than a moment.
import { Redis } from 'ioredis'

export interface RedisAccess {
  readonly host: string
  readonly port: number
  readonly password: string
}

const RECONNECT_MAX_MS = 2000
const ANSWER_MS = 1000

const reconnect = (times: number): number => Math.min(times * 100, RECONNECT_MAX_MS)

/** For requests of people: fails at once while Redis is away, and reconnects by itself. */
export function openQuickRedis({ host, port, password }: RedisAccess, onError: (error: Error) => void): Redis {
  const redis = new Redis({
    host,
    port,
    password,
    connectTimeout: ANSWER_MS,
    commandTimeout: ANSWER_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: reconnect,
  })
  redis.on('error', onError)
  return redis
}

/** For the job worker, which waits for Redis as long as it takes. */
export function openPatientRedis({ host, port, password }: RedisAccess, onError: (error: Error) => void): Redis {
  const redis = new Redis({ host, port, password, maxRetriesPerRequest: null, retryStrategy: reconnect })
  redis.on('error', onError)
  return redis
}
