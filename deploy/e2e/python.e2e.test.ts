// Python filters in a started system: what they deliver, also while their containers and the Docker engine are killed. Needs root and dockerd.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { filterNamed, skysieve, submit, subscribe, type Subscriber } from './client.ts'
import { readAll } from './readers.ts'
import { freePortBase, startSystem, type RunningSystem } from './running-system.ts'
import { until } from './until.ts'

/** Few enough that neither twin reaches its cap, whose choice depends on the order of partitions. */
const SMALL = ['--nodes', '1', '--alerts', '60', '--interval', '3']
const JAVASCRIPT = 'variable-star'
const PYTHON = 'variable-star-numpy'
const LIMIT_MS = 360_000

let system: RunningSystem
const readers = new Map<string, Subscriber>()

beforeAll(async () => {
  const began = performance.now()
  system = await startSystem(mkdtempSync(join(tmpdir(), 'skysieve-py-')), await freePortBase(1), SMALL)
  await until(
    'Python',
    LIMIT_MS,
    async () => system.output().includes('Python filters run now') || undefined,
    system.output,
  )
  console.log(`Python filters ran ${((performance.now() - began) / 1000).toFixed(1)} s after the command`)
  for (const name of [JAVASCRIPT, PYTHON]) {
    const { topic } = await until(`the topic of ${name}`, LIMIT_MS, async () => {
      const filter = await filterNamed(system, name).catch(() => undefined)
      return filter?.stage === 'live' || filter?.stage === 'catching-up' ? filter : undefined
    })
    readers.set(name, await subscribe(system, topic))
  }
})

afterAll(async () => {
  await system?.stop()
  rmSync(system.dataDir, { recursive: true, force: true })
})

/** Visit → ids of the delivered alerts, as often as they were delivered. */
const delivered = async (name: string): Promise<ReadonlyMap<string, readonly string[]>> => {
  const reader = readers.get(name)
  if (reader === undefined) throw new Error(`nobody reads ${name}`)
  const all = await readAll(reader, reader.topic, reader.groupPrefix)
  const visits = Map.groupBy(all, ({ headers }) => headers['skysieve-visit'] ?? '')
  return new Map(
    [...visits].map(([visit, ours]) => [visit, ours.map(({ headers }) => headers['skysieve-alert'] ?? '')]),
  )
}

/** Waits until both have delivered of a visit after `after`; the visits that Python began after its first and both have finished. */
const twins = (after: bigint) =>
  until('deliveries of both twins', LIMIT_MS, async () => {
    const [script, python] = [await delivered(JAVASCRIPT), await delivered(PYTHON)]
    const numbers = [...python.keys()].map(BigInt).toSorted((a, b) => Number(a - b))
    const [first = 0n, last = 0n] = [numbers[0], numbers.at(-1)]
    if (last <= after + 1n || !script.has(String(last))) return undefined
    const whole = [...script.keys()].filter(visit => BigInt(visit) > first && BigInt(visit) < last)
    return whole.length === 0 ? undefined : { script, python, whole, last }
  })

/** Visits of which they delivered different alerts, or an alert twice. */
const differences = ({ script, python, whole }: Awaited<ReturnType<typeof twins>>): readonly string[] =>
  whole.filter(visit => {
    const [one = [], other = []] = [script.get(visit), python.get(visit)]
    return one.toSorted().join() !== other.toSorted().join() || new Set(other).size < other.length
  })

test('a filter in NumPy delivers what its twin in JavaScript delivers', async () => {
  expect(differences(await twins(1n))).toEqual([])
})

/** Python interpreters in this system's containers: `/proc/<pid>/cgroup` names the container. */
const interpreters = (): readonly number[] => {
  const containers = readdirSync(join(system.dataDir, 'engine/data/containers'))
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      try {
        const group = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
        const isOurs = containers.some(id => group.includes(id))
        return isOurs && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('python')
      } catch {
        return false
      }
    })
    .map(Number)
}

test('a container and the engine that are killed cost no delivery and double none', async () => {
  const { last } = await twins(1n)
  const killed = interpreters()
  expect(killed.length).toBeGreaterThan(0)
  for (const pid of killed) process.kill(pid, 'SIGKILL')
  const { last: later } = await twins(last)
  process.kill(Number(readFileSync(join(system.dataDir, 'engine/docker.pid'), 'utf8')), 'SIGKILL')
  expect(differences(await twins(later + 1n))).toEqual([])
})

test('a Python filter that fails is rejected with its line, and the runtimes tell the libraries', async () => {
  const source = 'class Broken(AlertFilter):\n    def filter(self, alert):\n        return alert.nothing.here > 1\n'
  await submit(system, { name: 'broken', language: 'python', source })
  const { problems } = await until('the rejection', LIMIT_MS, async () => {
    const filter = await filterNamed(system, 'broken')
    return filter.stage === 'rejected' ? filter : undefined
  })
  expect(problems[0]).toMatchObject({ line: 3 })
  const { stdout } = await skysieve(system, ['runtimes'], system.dataDir)
  expect(stdout).toMatch(/"language":"python".*"available":true.*"numpy"/)
})
