// npm run bench -- reading [--seconds S] [--alerts N]: packets by id over HTTP with 1 and 50 readers, what a refusal and a 304 cost, beside /v1/health.
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { quantileOf } from '#hub'
import { newRedisServer } from '../checks/redis-server.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '8' }, alerts: { type: 'string', default: '300' } },
})
const SECONDS = Number(values.seconds)
const ALERTS = Number(values.alerts)
const WARM_UP_SECONDS = 2
const MANY_READERS = 50

interface Served {
  readonly url: string
  readonly token: string
  readonly refusedUrl: string
  readonly refusedToken: string
  readonly ids: readonly string[]
  readonly packetBytes: number
}

interface Asked {
  readonly status: number
  readonly etag: string
  readonly ms: number
}

const ask = (agent: Agent, url: string, headers: Record<string, string>): Promise<Asked> =>
  new Promise((resolve, reject) => {
    const began = performance.now()
    request(url, { agent, headers }, answer => {
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, etag: answer.headers.etag ?? '', ms: performance.now() - began }),
      )
      answer.on('error', reject).resume()
    })
      .on('error', reject)
      .end()
  })

/** Milliseconds of each request of so many readers, each asking as soon as it has its answer. */
async function measure(
  readers: number,
  seconds: number,
  status: number,
  one: (agent: Agent, at: number) => Promise<Asked>,
): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: readers })
  const times: number[] = []
  const until = performance.now() + seconds * 1000
  let at = 0
  const reader = async (): Promise<void> => {
    while (performance.now() < until) {
      const asked = await one(agent, at++)
      if (asked.status !== status) throw new Error(`answered ${asked.status} instead of ${status}`)
      times.push(asked.ms)
    }
  }
  await Promise.all(Array.from({ length: readers }, reader))
  agent.destroy()
  return times.toSorted((a, b) => a - b)
}

const share = (sorted: readonly number[], part: number): number => Number(quantileOf(sorted, part).toFixed(3))
const p50 = (sorted: readonly number[]): number => share(sorted, 0.5)
const p99 = (sorted: readonly number[]): number => share(sorted, 0.99)

const dir = mkdtempSync(join(tmpdir(), 'skysieve-reading-'))
const redis = await newRedisServer({ appendFsync: 'everysec' })
await redis.start()
const server = fork(join(import.meta.dirname, 'reading-server.ts'), [
  JSON.stringify({ dir: join(dir, 'archive'), alerts: ALERTS, redis: redis.access }),
])
try {
  const served = await new Promise<Served>((resolve, reject) => {
    server.once('message', message => resolve(message as Served))
    server.once('exit', code => reject(new Error(`the server ended with ${code}`)))
  })
  const auth = { authorization: `Bearer ${served.token}` }
  const pathOf = (at: number): string => `${served.url}/v1/alerts/${served.ids[at % served.ids.length]}`
  const packet = (agent: Agent, at: number): Promise<Asked> => ask(agent, pathOf(at), auth)
  const tags = new Map<string, string>()
  const once = new Agent()
  for (const [at] of served.ids.entries()) tags.set(pathOf(at), (await packet(once, at)).etag)
  once.destroy()
  await measure(1, WARM_UP_SECONDS, 200, packet)

  const one = await measure(1, SECONDS, 200, packet)
  const many = await measure(MANY_READERS, SECONDS, 200, packet)
  const health = await measure(1, SECONDS / 2, 200, agent => ask(agent, `${served.url}/v1/health`, {}))
  const unchanged = await measure(1, SECONDS / 2, 304, (agent, at) =>
    ask(agent, pathOf(at), { ...auth, 'if-none-match': tags.get(pathOf(at)) ?? '' }),
  )
  const refusedAuth = { authorization: `Bearer ${served.refusedToken}` }
  const refusing = new Agent()
  await ask(refusing, `${served.refusedUrl}/v1/alerts/1`, refusedAuth)
  refusing.destroy()
  // One may pass in a minute: the rest is refused.
  const refused = await measure(1, SECONDS / 2, 429, agent =>
    ask(agent, `${served.refusedUrl}/v1/alerts/1`, refusedAuth),
  )
  console.log(
    JSON.stringify({
      bench: 'reading',
      machine: { cpus: cpus().length, model: cpus()[0]?.model ?? '' },
      node: process.version,
      packetBytes: served.packetBytes,
      alerts: ALERTS,
      seconds: SECONDS,
      readP50Ms: p50(one),
      readP99Ms: p99(one),
      readPerSecond: Math.round(one.length / SECONDS),
      readers50P50Ms: p50(many),
      readers50P99Ms: p99(many),
      readers50PerSecond: Math.round(many.length / SECONDS),
      healthMs: p50(health),
      healthP99Ms: p99(health),
      limitMs: Number((p50(refused) - p50(health)).toFixed(3)),
      limitP99Ms: Number((p99(refused) - p99(health)).toFixed(3)),
      unchangedMs: Number((p50(unchanged) - p50(health)).toFixed(3)),
    }),
  )
} finally {
  server.disconnect()
  await redis.close()
  rmSync(dir, { recursive: true, force: true })
}
