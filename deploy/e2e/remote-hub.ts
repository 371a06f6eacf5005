// A hub on another machine as an administrator and a subscriber on a third one see it, over TLS: its command line, a filter's deliveries, and what those
// have to be.
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Host } from '../checks/hosts.ts'
import { CLI, operatorEnv, runOn } from '../checks/run-on.ts'
import { ENVIRONMENT } from './config.ts'
import { expectedVisit } from './expected.ts'
import { type Delivery } from './readers.ts'
import { until } from './until.ts'

const LIMIT_MS = 300_000
const CAP = 20

export type Read = Pick<Delivery, 'sha256' | 'headers'>

export interface RemoteHub {
  /** Of the hub. */
  readonly address: string
  readonly dataDir: string
  /** Where who looks keeps files. */
  readonly dir: string
  /** From where it is looked. */
  readonly from: Host['on']
  /** Of the example filters, the one whose deliveries are read. */
  readonly filter: string
  /** Of a visit. */
  readonly alerts: number
}

interface Filter {
  readonly stage: string
  readonly placement: { readonly mirror: string; readonly shard: number } | null
}

interface Credential {
  readonly user: string
  readonly password: string
  readonly bootstrap: string
  readonly groupPrefix: string
  readonly topic: string
  readonly ca: string
}

export const visitsOf = (read: readonly Read[]): readonly number[] =>
  [...new Set(read.map(({ headers }) => Number(headers['skysieve-visit'])))].toSorted((a, b) => a - b)

const ofVisit = (read: readonly Read[], visit: string): readonly Read[] =>
  read.filter(({ headers }) => headers['skysieve-visit'] === visit)

export const openRemoteHub = ({ address, dataDir, dir, from, filter, alerts }: RemoteHub) => {
  let credential: Credential | undefined

  /** The administrator's command line. */
  const skysieve = <T>(...argv: readonly string[]): Promise<T> => {
    const place = { apiUrl: `https://${address}:21105`, dataDir, config: join(dir, 'config') }
    const options = { env: operatorEnv(ENVIRONMENT, place), cwd: dir }
    return runOn(from, CLI, [...argv, '--json'], options).then(out => JSON.parse(out) as T)
  }

  /** Resolves to the shard that runs the filter there. */
  const filterIsOn = (mirror: string): Promise<number> =>
    until(`${filter} is live on ${mirror}`, LIMIT_MS, async () => {
      const { stage, placement } = await skysieve<Filter>('filter', 'show', filter)
      return stage === 'live' && placement?.mirror === mirror ? placement.shard : undefined
    })

  /** From then on the filter's topic is read as a subscriber does. */
  const subscribe = async (): Promise<Credential> => {
    const given = await skysieve<Credential>('topic', 'credential', filter)
    credential = given
    return given
  }

  const asSubscriber = async <T>(program: string): Promise<T> => {
    if (credential === undefined) throw new RangeError('nobody has subscribed')
    const { topic, groupPrefix: group, ca, user, password, bootstrap } = credential
    const access = { user, password, bootstrap, ca }
    const options = { env: ENVIRONMENT, stdin: JSON.stringify({ access, topic, group }), cwd: dir }
    return JSON.parse(await runOn(from, join(import.meta.dirname, program), [], options)) as T
  }
  /** Everything in the topic now. */
  const deliveries = (): Promise<readonly Read[]> => asSubscriber('read-topic.fixture.ts')

  /** Waits for later visits there than the last one; gives all deliveries. */
  const laterVisits = async (more: number): Promise<readonly Read[]> => {
    const last = visitsOf(await deliveries()).at(-1) ?? 0
    return until(`${more} later visits of ${filter}`, LIMIT_MS, async () => {
      const read = await deliveries()
      return visitsOf(read).filter(visit => visit > last).length >= more ? read : undefined
    })
  }

  /** What a visit after the first of `read` and before `end` has to deliver: the visit, how many alerts, and the bytes of each that may be among them. */
  const expected = (read: readonly Read[], end: number) => {
    const [first = 0] = visitsOf(read)
    const visits = []
    for (let number = 0; Number(expectedVisit(number, 0).visit) < end; number++) {
      const { visit, passing } = expectedVisit(number, alerts)
      const wanted = passing.get(filter) ?? new Map<string, string>()
      if (Number(visit) > first) visits.push({ visit, wanted, count: Math.min(CAP, wanted.size) })
    }
    return visits
  }

  /** Waits until the visits before the last one in `read` are whole, other than those cut short; then each of their deliveries is right, and there once. */
  const checkVisits = async (read: readonly Read[], cutShort: readonly number[] = []): Promise<void> => {
    const visits = expected(read, visitsOf(read).at(-1) ?? 0)
    expect(visits.length).toBeGreaterThan(0)
    // The partitions of a visit come over side by side: a later visit may begin on one while another still brings the rest of this one.
    const all = await until(`all deliveries of ${visits.length} visits of ${filter}`, LIMIT_MS, async () => {
      const now = await deliveries()
      const isWhole = ({ visit, count }: (typeof visits)[number]): boolean =>
        cutShort.includes(Number(visit)) || ofVisit(now, visit).length >= count
      return visits.every(isWhole) ? now : undefined
    })
    for (const { visit, wanted, count } of visits) {
      const got = ofVisit(all, visit)
      const ids = got.map(({ headers }) => headers['skysieve-alert'] ?? '')
      expect(new Set(ids).size, `no alert twice in ${visit}`).toBe(ids.length)
      for (const { headers, sha256 } of got) expect(wanted.get(headers['skysieve-alert'] ?? '')).toBe(sha256)
      if (!cutShort.includes(Number(visit))) expect(ids.length, `deliveries of ${visit}`).toBe(count)
    }
  }

  return { skysieve, filterIsOn, subscribe, asSubscriber, deliveries, laterVisits, checkVisits }
}
