// The system's own Redis: jobs and rate-limit windows of the API, nothing that may not be lost.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { LOOPBACK } from '../layout/ports.ts'
import { writePrivate } from '../layout/secrets.ts'
import { type ProcessSpec } from '../supervise/supervisor.ts'

const PAUSE_MS = 50
const CONNECT_LIMIT_MS = 10_000

export interface RedisSettings {
  readonly dir: string
  readonly port: number
  readonly password: string
  readonly env: Readonly<Record<string, string>>
}

/** Jobs must not be evicted, so it refuses writes when memory is out; the password lies in a file of mode 0600 only. */
const renderRedis = ({ dir, port, password }: Omit<RedisSettings, 'env'>): string => `bind ${LOOPBACK}
port ${port}
requirepass ${password}
daemonize no
dir ${JSON.stringify(dir)}
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
logfile ""
`

export const redisProcess = (settings: RedisSettings): ProcessSpec => ({
  name: 'redis',
  command: async () => {
    mkdirSync(settings.dir, { recursive: true, mode: 0o700 })
    const file = join(settings.dir, 'redis.conf')
    writePrivate(file, renderRedis(settings))
    return { command: 'redis-server', args: [file], env: settings.env, cwd: settings.dir }
  },
  ready: signal => awaitRedis(settings, signal),
})

/** Resolves when it answers PING to our password; it does not while it loads its file. */
const awaitRedis = async ({ port, password }: RedisSettings, signal: AbortSignal): Promise<void> => {
  for (;;) {
    signal.throwIfAborted()
    const client = new Redis({
      host: LOOPBACK,
      port,
      password,
      lazyConnect: true,
      retryStrategy: () => null,
      connectTimeout: CONNECT_LIMIT_MS,
      maxRetriesPerRequest: 0,
    })
    client.on('error', () => undefined)
    const answer = await client
      .connect()
      .then(() => client.ping())
      .catch(() => undefined)
    client.disconnect()
    if (answer === 'PONG') return
    await sleep(PAUSE_MS, undefined, { signal })
  }
}
