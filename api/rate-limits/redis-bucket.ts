// The same rule in Redis, so that all instances count together: one script, one round trip, by the clock of Redis alone.
import { type Redis } from 'ioredis'
import { type Limits, type Verdict, WINDOW_MS } from './token-bucket.ts'

const PREFIX = 'skysieve-limit-'

/** token-bucket.ts in Lua. A key goes away when its buckets are full: a missing one means full. */
const SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local maxRequests, maxBytes, used = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'requests', 'bytes', 'at')
local passed = math.max(0, now - (tonumber(kept[3]) or now))
local requests = math.min(maxRequests, (tonumber(kept[1]) or maxRequests) + passed * maxRequests / ${WINDOW_MS})
local bytes = math.min(maxBytes, (tonumber(kept[2]) or maxBytes) + passed * maxBytes / ${WINDOW_MS}) - used
local allowed = requests >= 1 and bytes > 0
local wait = 0
if allowed then
  requests = requests - 1
else
  wait = math.ceil(math.max((1 - requests) * ${WINDOW_MS} / maxRequests, (1 - bytes) * ${WINDOW_MS} / maxBytes, 0))
end
redis.call('HSET', KEYS[1], 'requests', tostring(requests), 'bytes', tostring(bytes), 'at', now)
local full = math.max((maxRequests - requests) / maxRequests, (maxBytes - bytes) / maxBytes) * ${WINDOW_MS}
redis.call('PEXPIRE', KEYS[1], math.ceil(full) + 1000)
return {allowed and 1 or 0, math.floor(requests), math.floor(bytes), wait}
`

type Script = (key: string, ...values: readonly number[]) => Promise<[number, number, number, number]>

/** Takes from the buckets of `key`. Rejects where Redis does not answer. */
export function openRedisBuckets(redis: Redis): (key: string, limits: Limits, bytesUsed: number) => Promise<Verdict> {
  redis.defineCommand('skysieveTake', { numberOfKeys: 1, lua: SCRIPT })
  const script = (Reflect.get(redis, 'skysieveTake') as Script).bind(redis)
  return async (key, { requestsPerMinute, bytesPerMinute }, bytesUsed) => {
    const answer = await script(PREFIX + key, requestsPerMinute, bytesPerMinute, Math.round(bytesUsed))
    const [allowed, requests, bytes, waitMs] = answer
    return { allowed: allowed === 1, requests, bytes, waitMs }
  }
}
