// A process of its own beside the hub: as many readers of a topic of notices as it is told, each over connections of its own, as laptops have them.
// In: one line of JSON. Out: a line when all read, and one with what they read and what it took, when its input ends.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type BrokerAccess, decodeNotice, openLogReader } from '#hub'

/** What the process is told. */
export interface NoticeReaders {
  readonly access: BrokerAccess
  readonly topic: string
  readonly readers: number
}

/** What it tells at its end. */
export interface ReadByAll {
  /** Notices that the reader with the fewest and the one with the most had. */
  readonly fewest: number
  readonly most: number
  readonly cpuMs: number
}

/** Logins at a time: each is thousands of rounds of hashing, on both sides. */
const LOGINS = 20
/** As `notices tail` waits. */
const WAIT_MS = 500

const input = createInterface({ input: process.stdin })
const [line] = (await once(input, 'line')) as [string]
const { access, topic, readers }: NoticeReaders = JSON.parse(line)
const ending = new AbortController()
input.once('close', () => ending.abort())

const counts: number[] = Array.from({ length: readers }, () => 0)
const open = async (at: number): Promise<() => Promise<void>> => {
  const reader = openLogReader(access, { clientId: `bench-notices-${at}`, topic })
  let next = await reader.end()
  await reader.read(next, 0)
  return async () => {
    while (!ending.signal.aborted) {
      const page = await reader.read(next, WAIT_MS)
      for (const { value } of page.records) decodeNotice(value ?? Buffer.alloc(0))
      counts[at] = (counts[at] ?? 0) + page.records.length
      next = page.next
    }
    await reader.close()
  }
}
const opened: (() => Promise<void>)[] = []
while (opened.length < readers) {
  const some = Array.from({ length: Math.min(LOGINS, readers - opened.length) }, (_, at) => open(opened.length + at))
  opened.push(...(await Promise.all(some)))
}
const begun = process.cpuUsage()
console.log('reading')
await Promise.all(opened.map(read => read()))
const { user, system } = process.cpuUsage(begun)
const result: ReadByAll = {
  fewest: Math.min(...counts),
  most: Math.max(...counts),
  cpuMs: Math.round((user + system) / 1000),
}
console.log(JSON.stringify(result))
