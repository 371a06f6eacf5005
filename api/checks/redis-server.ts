// A real Redis for tests: own port, own directory, password from a file, stopped by its process id.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort from 'get-port'
import { Redis } from 'ioredis'
import { type RedisAccess } from '../jobs/redis.ts'

const PROGRAM = 'redis-server'

export interface RedisServer {
  readonly access: RedisAccess
  /** Starts it (again), on the same port; `empty` forgets what it held. */
  start(options?: { readonly empty: boolean }): Promise<void>
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
  /** Ends it and removes its directory. */
  close(): Promise<void>
}

/** `appendFsync`: `always` keeps each answered write through a kill; `everysec` is what a system's own Redis does. */
export async function newRedisServer({
  appendFsync = 'always',
}: { readonly appendFsync?: 'always' | 'everysec' } = {}): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-redis-'))
  const access = { host: '127.0.0.1', port: await getPort(), password: randomBytes(12).toString('hex') }
  const config = join(dir, 'redis.conf')
  const lines = [
    `port ${access.port}`,
    'bind 127.0.0.1',
    `requirepass ${access.password}`,
    `dir ${dir}`,
    'appendonly yes',
    `appendfsync ${appendFsync}`,
    'maxmemory-policy noeviction',
  ]
  writeFileSync(config, lines.join('\n'), { mode: 0o600 })
  let server: ChildProcess | undefined

  const kill = async (): Promise<void> => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const ended = new Promise(resolve => server?.once('exit', resolve))
    server.kill('SIGKILL')
    await ended
  }
  return {
    access,
    async start(options) {
      if (options?.empty) rmSync(join(dir, 'appendonlydir'), { recursive: true, force: true })
      server = spawn(PROGRAM, [config], { stdio: 'ignore' })
      server.once('error', () => undefined)
      await answering(access)
    },
    kill,
    async close() {
      await kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function answering({ host, port, password }: RedisAccess): Promise<void> {
  const redis = new Redis({ host, port, password, retryStrategy: () => 50, maxRetriesPerRequest: null })
  redis.on('error', () => undefined)
  const given = sleep(10_000).then(() =>
    Promise.reject(new Error('redis-server does not answer; is it installed? apt-get install redis-server')),
  )
  await Promise.race([redis.ping(), given])
  redis.disconnect()
}
