// Two machines: a hub with a node of its own on one, and a node that joins it by token from the other. Seen from a third place on the network.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Host, type Hosts, openHosts } from '../checks/hosts.ts'
import { ROOT } from '../paths.ts'
import { ENVIRONMENT } from './config.ts'
import { expectedVisit } from './expected.ts'
import { type Delivery } from './readers.ts'
import { runLauncher, untilSaid } from './running-system.ts'
import { until } from './until.ts'

const ALERTS = 200
const CAP = 20
const FILTER = 'variable-star'
const NODE = 'far'
const LIMIT_MS = 300_000
/** Several visits of the hub's, and more than any time limit of a client. */
const CUT_MS = 45_000

type Launcher = ReturnType<typeof runLauncher>
type Read = Pick<Delivery, 'sha256' | 'headers'>

const dir = mkdtempSync(join(tmpdir(), 'sky-nodes-'))
const files = { hub: join(dir, 'hub'), node: join(dir, 'node'), token: join(dir, 'far.token') }
let hosts: Hosts
let near: Host
let far: Host
let hub: Launcher
let node: Launcher | undefined

const HUB = ['--nodes', '1', '--alerts', String(ALERTS), '--interval', '6', '--no-python', '--no-archive']

const startHub = async (): Promise<void> => {
  hub = runLauncher(['start', '--data-dir', files.hub, '--listen', near.address, ...HUB], near.on)
  await untilSaid(hub, 'Skysieve runs')
}
const nodeOptions = (token: string): readonly string[] => {
  const joining = ['--join', `https://${near.address}:21105`, '--token-file', token, '--listen', far.address]
  return ['start', '--data-dir', files.node, ...joining, '--no-python']
}
const stop = async ({ child, ended }: Launcher): Promise<number | null> => {
  child.kill('SIGINT')
  return ended
}

/** What a program prints on a machine; throws with what it complains of. */
const run = async (on: Host['on'], program: string, argv: readonly string[], stdin = '', env = {}): Promise<string> => {
  const { command, args } = on(process.execPath, [program, ...argv])
  const child = spawn(command, args, { cwd: dir, env: { ...ENVIRONMENT, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(stdin)
  const ended = new Promise(resolve => child.once('close', resolve))
  const [out, complaint] = await Promise.all([text(child.stdout), text(child.stderr)])
  if ((await ended) !== 0) throw new Error(`${argv.join(' ')} failed: ${out}${complaint}`)
  return out
}

/** The administrator's command line, on a machine that is neither. */
const skysieve = <T>(...argv: readonly string[]): Promise<T> => {
  const env = {
    SKYSIEVE_URL: `https://${near.address}:21105`,
    SKYSIEVE_TOKEN: readFileSync(join(files.hub, 'admin-token'), 'utf8').trim(),
    SKYSIEVE_CA: join(files.hub, 'tls/ca.pem'),
    XDG_CONFIG_HOME: join(dir, 'config'),
  }
  const program = join(ROOT, 'deploy/bin/skysieve.mjs')
  return run(hosts.outside.on, program, [...argv, '--json'], '', env).then(out => JSON.parse(out) as T)
}

interface Filter {
  readonly stage: string
  readonly placement: { readonly mirror: string } | null
}
const filterIsOn = (mirror: string): Promise<true> =>
  until(`${FILTER} is live on ${mirror}`, LIMIT_MS, async () => {
    const { stage, placement } = await skysieve<Filter>('filter', 'show', FILTER)
    return stage === 'live' && placement?.mirror === mirror ? true : undefined
  })

interface Credential {
  readonly user: string
  readonly password: string
  readonly bootstrap: string
  readonly groupPrefix: string
  readonly topic: string
  readonly ca: string
}
let credential: Credential
const deliveries = async (): Promise<readonly Read[]> => {
  const { topic, groupPrefix: group, ca, user, password, bootstrap } = credential
  const access = { user, password, bootstrap, ca }
  const program = join(import.meta.dirname, 'read-topic.fixture.ts')
  return JSON.parse(await run(hosts.outside.on, program, [], JSON.stringify({ access, topic, group })))
}
const visitsOf = (read: readonly Read[]): readonly number[] =>
  [...new Set(read.map(({ headers }) => Number(headers['skysieve-visit'])))].toSorted((a, b) => a - b)

/** Waits for a later visit there than the last one; gives all deliveries. */
const laterVisits = async (more: number): Promise<readonly Read[]> => {
  const last = visitsOf(await deliveries()).at(-1) ?? 0
  return until(`${more} later visits on ${NODE}`, LIMIT_MS, async () => {
    const read = await deliveries()
    return visitsOf(read).filter(visit => visit > last).length >= more ? read : undefined
  })
}

beforeAll(async () => {
  hosts = openHosts()
  near = hosts.add('hub')
  far = hosts.add('far')
  await startHub()
})

afterAll(async () => {
  if (node !== undefined) await stop(node)
  if (hub !== undefined) await stop(hub)
  hosts?.close()
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
})

test('a node joins from another machine by its token, and says what it does until it is ready', async () => {
  await skysieve('node', 'add', NODE, '--token-file', files.token)
  node = runLauncher(nodeOptions(files.token), far.on)
  await untilSaid(node, `Skysieve runs: ${NODE} is ready`)
  expect(node.output()).toMatch(/join +asks https:.*\n(.*\n)*.*join +far of https:/)
  expect(node.output()).toContain('caught up')
  expect(statSync(join(files.node, 'node/identity.json')).mode & 0o777).toBe(0o600)
  const reached = await until(`${NODE} is reached`, LIMIT_MS, async () => {
    const found = await skysieve<{ reached: boolean; bootstrap: string }>('node', 'show', NODE)
    return found.reached ? found : undefined
  })
  expect(reached.bootstrap).toBe(`${far.address}:21100`)
})

test('a filter moves there, and a subscriber elsewhere on the network reads it from that machine over TLS', async () => {
  await skysieve('filter', 'move', FILTER, NODE)
  await filterIsOn(NODE)
  credential = await skysieve<Credential>('topic', 'credential', FILTER)
  expect(credential.bootstrap).toBe(`${far.address}:21100`)
  expect(credential.ca).toContain('BEGIN CERTIFICATE')
  expect(visitsOf(await laterVisits(2)).length).toBeGreaterThanOrEqual(2)
})

/** What a visit after the first of `read` and before `end` has to deliver: the visit, how many alerts, and the bytes of each that may be among them. */
const expected = (read: readonly Read[], end: number) => {
  const [first = 0] = visitsOf(read)
  const visits = []
  for (let number = 0; Number(expectedVisit(number, 0).visit) < end; number++) {
    const { visit, passing } = expectedVisit(number, ALERTS)
    const wanted = passing.get(FILTER) ?? new Map<string, string>()
    if (Number(visit) > first) visits.push({ visit, wanted, count: Math.min(CAP, wanted.size) })
  }
  return visits
}
const ofVisit = (read: readonly Read[], visit: string) =>
  read.filter(({ headers }) => headers['skysieve-visit'] === visit)

/** Waits until the visits before the last one in `read` are whole, other than those cut short; then each of their deliveries is right, and there once. */
const checkVisits = async (read: readonly Read[], cutShort: readonly number[] = []): Promise<void> => {
  const visits = expected(read, visitsOf(read).at(-1) ?? 0)
  expect(visits.length).toBeGreaterThan(0)
  // The partitions of a visit come over side by side: a later visit may begin on one while another still brings the rest of this one.
  const all = await until(`all deliveries of ${visits.length} visits on ${NODE}`, LIMIT_MS, async () => {
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

test('a cable that is pulled for a while costs nothing: what was played meanwhile is delivered when it is in again', async () => {
  const before = visitsOf(await deliveries())
  far.cut()
  await sleep(CUT_MS)
  far.mend()
  const read = await laterVisits(4)
  expect(visitsOf(read).length).toBeGreaterThan(before.length + 4)
  await checkVisits(read)
})

test('the node starts again while the hub is away, runs its filters, and goes on when the hub is back', async () => {
  expect(await stop(hub)).toBe(0)
  expect(await stop(node as Launcher)).toBe(0)
  rmSync(files.token)
  node = runLauncher(nodeOptions(files.token), far.on)
  await untilSaid(node, `${NODE}-worker           ready`)
  await untilSaid(node, 'waits for the hub; filters run on what is here')
  const had = await deliveries()
  await startHub()
  await untilSaid(node, `Skysieve runs: ${NODE} is ready`)
  const read = await laterVisits(2)
  const ids = new Set(read.map(({ headers }) => headers['skysieve-alert']))
  expect(had.filter(({ headers }) => !ids.has(headers['skysieve-alert']))).toEqual([])
  // The simulator ended with the hub, in the midst of the last visit that has deliveries, or of the one after it.
  const last = visitsOf(had).at(-1) ?? 0
  await checkVisits(read, [last, last + 1])
})

test('a token that was used is of no use to another machine, and the reason is told', async () => {
  const again = join(dir, 'again.token')
  await skysieve('node', 'add', 'third', '--token-file', again)
  const options = ['start', '--join', `https://${near.address}:21105`, '--no-python', '--port-base', '23000']
  const start = (name: string, token: string): Launcher =>
    runLauncher([...options, '--data-dir', join(dir, name), '--token-file', token, '--listen', far.address], far.on)
  const first = start('third', again)
  await untilSaid(first, 'third of https:')
  await stop(first)
  const other = start('impostor', again)
  expect(await other.ended).toBe(1)
  expect(other.output()).toMatch(/refuses this node: .*used before, with another key/)
})
