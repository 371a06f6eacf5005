// The filters of a chaos run besides the examples: every policy and several caps. chaos_rules.py says the same in Python, by these names.
import { setTimeout as sleep } from 'node:timers/promises'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { type Submission } from '#filters'

type ChaosFilter = Pick<Submission, 'name' | 'source' | 'cap' | 'policy'> & Partial<Pick<Submission, 'language'>>

const id = 'alert.diaSource.diaSourceId'
const signal = 'Math.abs(alert.diaSource.psfFlux / alert.diaSource.psfFluxErr)'

/** One on each node: what subscribers of the whole stream would see, and the measure of how long a fault is felt. */
const everything = (number: number): ChaosFilter => ({
  name: `everything-${number}`,
  source: 'export const filter = () => true',
  cap: 1000,
  policy: 'first',
})

/** Never comes back from an alert of that visit: twice over its time limit, it is suspended, and its neighbours go on. */
const looper = (visit: string): ChaosFilter => ({
  name: LOOPER,
  source: `export const filter = alert => {\n  while (alert.diaSource.visit === ${visit}n);\n  return true\n}`,
  cap: 5,
  policy: 'first',
})
const LOOPER = 'looper'

const FILTERS: readonly ChaosFilter[] = [
  { name: 'every-tenth', source: `export const filter = alert => ${id} % 10n === 0n`, cap: 20, policy: 'first' },
  { name: 'first-only', source: 'export const filter = alert => alert.diaSource.visit > 0n', cap: 1, policy: 'first' },
  { name: 'brightest', source: `export const filter = alert => ${signal}`, cap: 20, policy: 'best' },
  { name: 'brightest-many', source: `export const filter = alert => ${signal}`, cap: 200, policy: 'best' },
  { name: 'ties', source: `export const filter = alert => 1 + Number(${id} % 7n)`, cap: 5, policy: 'best' },
  {
    name: 'thrower',
    source: `export const filter = alert => {\n  if (${id} % 3n === 0n) throw new Error('not this one')\n  return ${id} % 5n === 1n\n}`,
    cap: 10,
    policy: 'first',
  },
]

/** In containers, where there is an engine for them. */
const IN_PYTHON: readonly ChaosFilter[] = [
  {
    name: 'python-every-tenth',
    language: 'python',
    source: `class EveryTenth(AlertFilter):\n    def filter(self, alert):\n        return alert["diaSource"]["diaSourceId"] % 10 == 3\n`,
    cap: 20,
    policy: 'first',
  },
  {
    name: 'python-ties',
    language: 'python',
    source: `class Ties(AlertFilter):\n    def filter(self, alert):\n        return float(1 + alert["diaSource"]["diaSourceId"] % 11)\n`,
    cap: 5,
    policy: 'best',
  },
]

const View = Type.Object({
  id: Type.String(),
  name: Type.String(),
  stream: Type.String(),
  stage: Type.String(),
  cap: Type.Integer(),
  policy: Type.Union([Type.Literal('first'), Type.Literal('best')]),
  placement: Type.Union([Type.Object({ mirror: Type.String(), shard: Type.Integer() }), Type.Null()]),
  problems: Type.Array(Type.Object({ message: Type.String() })),
})
const Page = Type.Object({ items: Type.Array(View) })

/** A filter that is live, as the audit needs it. */
export interface LiveFilter {
  readonly id: string
  readonly name: string
  readonly cap: number
  readonly policy: 'first' | 'best'
  readonly mirror: string
  readonly shard: number
  /** The visit that gets it suspended. */
  readonly endsAt?: string
}

export interface Platform {
  readonly apiUrl: string
  readonly adminToken: string
}

const LIVE_LIMIT_MS = 180_000
const PAUSE_MS = 200
const MORE_TRIES = 2

const placeOf = (node: string, shard: number): string => `${node}/${shard}`

const call = async ({ apiUrl, adminToken }: Platform, path: string, body?: object): Promise<unknown> => {
  const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' }
  const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await fetch(`${apiUrl}${path}`, init)
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
  return JSON.parse(text)
}

const views = async (platform: Platform): Promise<readonly Static<typeof View>[]> => {
  const page = await call(platform, '/v1/filters?limit=100')
  if (!Value.Check(Page, page)) throw new Error(`the API lists filters in another form: ${JSON.stringify(page)}`)
  return page.items.filter(({ stream }) => stream === 'lsst')
}

/** Waits until every LSST filter is live. Throws with the reasons of those that are not. */
const allLive = async (platform: Platform): Promise<readonly LiveFilter[]> => {
  const deadline = performance.now() + LIVE_LIMIT_MS
  for (;;) {
    const found = await views(platform)
    const waiting = found.filter(({ stage }) => stage !== 'live')
    if (waiting.length === 0)
      return found.map(({ placement, id, name, cap, policy }) => ({
        id,
        name,
        cap,
        policy,
        mirror: placement?.mirror ?? '',
        shard: placement?.shard ?? 0,
      }))
    if (performance.now() > deadline || waiting.some(({ stage }) => stage === 'rejected'))
      throw new Error(
        `not live: ${waiting.map(({ name, stage, problems }) => `${name} (${stage}: ${problems.map(({ message }) => message).join('; ')})`).join(', ')}`,
      )
    await sleep(PAUSE_MS)
  }
}

export interface Choice {
  readonly nodes: readonly string[]
  /** Of each node; one that passes everything is on each. */
  readonly shards: number
  /** The visit that one of them loops at. */
  readonly loopsAt: string
  readonly python: boolean
  /** Every second filter of ours has this policy instead of its own. */
  readonly policy?: 'first' | 'best'
}

/** Submits them, one that passes everything on each node, and waits until all are live; gives the examples of the stream too. */
export const submitFilters = async (
  platform: Platform,
  { nodes, shards, loopsAt, python, policy }: Choice,
): Promise<readonly LiveFilter[]> => {
  const submit = (filter: ChaosFilter): Promise<unknown> =>
    call(platform, '/v1/filters', { stream: 'lsst', language: 'javascript', ...filter })
  const ours = [...FILTERS, ...(python ? IN_PYTHON : [])].map((filter, index) =>
    policy !== undefined && index % 2 === 0 ? { ...filter, policy } : filter,
  )
  for (const filter of [...ours, looper(loopsAt)]) await submit(filter)
  let live = await allLive(platform)
  const places = nodes.flatMap(node => Array.from({ length: shards }, (_, shard) => placeOf(node, shard)))
  // The platform chooses the place; so many more than there are places is enough to meet each.
  for (let number = 1; number <= places.length + MORE_TRIES; number++) {
    const everywhere = live.filter(({ name }) => name.startsWith('everything'))
    const covered = new Set(everywhere.map(({ mirror, shard }) => placeOf(mirror, shard)))
    if (places.every(place => covered.has(place)))
      return live.map(filter => (filter.name === LOOPER ? { ...filter, endsAt: loopsAt } : filter))
    await submit(everything(number))
    live = await allLive(platform)
  }
  throw new Error('the filters that pass everything were not placed everywhere')
}
