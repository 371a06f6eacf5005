// Two machines: a hub with a node of its own on one, and a node that joins it by token from the other. Seen from a third place on the network.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Host, type Hosts, openHosts } from '../checks/hosts.ts'
import { openRemoteHub, visitsOf } from './remote-hub.ts'
import { runLauncher, untilSaid } from './running-system.ts'
import { until } from './until.ts'

const ALERTS = 200
const FILTER = 'variable-star'
const NODE = 'far'
const LIMIT_MS = 300_000
/** Several visits of the hub's, and more than any time limit of a client. */
const CUT_MS = 45_000

type Launcher = ReturnType<typeof runLauncher>

const dir = mkdtempSync(join(tmpdir(), 'sky-nodes-'))
const files = { hub: join(dir, 'hub'), node: join(dir, 'node'), token: join(dir, 'far.token') }
let hosts: Hosts
let near: Host
let far: Host
let hub: Launcher
let node: Launcher | undefined
let remote: ReturnType<typeof openRemoteHub>

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

beforeAll(async () => {
  hosts = openHosts()
  near = hosts.add('hub')
  far = hosts.add('far')
  remote = openRemoteHub({
    address: near.address,
    dataDir: files.hub,
    dir,
    from: hosts.outside.on,
    filter: FILTER,
    alerts: ALERTS,
  })
  await startHub()
})

afterAll(async () => {
  if (node !== undefined) await stop(node)
  if (hub !== undefined) await stop(hub)
  hosts?.close()
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
})

test('a node joins from another machine by its token, and says what it does until it is ready', async () => {
  await remote.skysieve('node', 'add', NODE, '--token-file', files.token)
  node = runLauncher(nodeOptions(files.token), far.on)
  await untilSaid(node, `Skysieve runs: ${NODE} is ready`)
  expect(node.output()).toMatch(/join +asks https:.*\n(.*\n)*.*join +far of https:/)
  expect(node.output()).toContain('caught up')
  expect(statSync(join(files.node, 'node/identity.json')).mode & 0o777).toBe(0o600)
  const reached = await until(`${NODE} is reached`, LIMIT_MS, async () => {
    const found = await remote.skysieve<{ reached: boolean; bootstrap: string }>('node', 'show', NODE)
    return found.reached ? found : undefined
  })
  expect(reached.bootstrap).toBe(`${far.address}:21100`)
})

test('a filter moves there, and a subscriber elsewhere on the network reads it from that machine over TLS', async () => {
  await remote.skysieve('filter', 'move', FILTER, NODE)
  await remote.filterIsOn(NODE)
  const { bootstrap, ca } = await remote.subscribe()
  expect(bootstrap).toBe(`${far.address}:21100`)
  expect(ca).toContain('BEGIN CERTIFICATE')
  expect(visitsOf(await remote.laterVisits(2)).length).toBeGreaterThanOrEqual(2)
})

test('a cable that is pulled for a while costs nothing: what was played meanwhile is delivered when it is in again', async () => {
  const before = visitsOf(await remote.deliveries())
  far.cut()
  await sleep(CUT_MS)
  far.mend()
  const read = await remote.laterVisits(4)
  expect(visitsOf(read).length).toBeGreaterThan(before.length + 4)
  await remote.checkVisits(read)
})

test('the node starts again while the hub is away, runs its filters, and goes on when the hub is back', async () => {
  expect(await stop(hub)).toBe(0)
  expect(await stop(node as Launcher)).toBe(0)
  rmSync(files.token)
  node = runLauncher(nodeOptions(files.token), far.on)
  await untilSaid(node, `${NODE}-worker           ready`)
  await untilSaid(node, 'waits for the hub; filters run on what is here')
  const had = await remote.deliveries()
  await startHub()
  await untilSaid(node, `Skysieve runs: ${NODE} is ready`)
  const read = await remote.laterVisits(2)
  const ids = new Set(read.map(({ headers }) => headers['skysieve-alert']))
  expect(had.filter(({ headers }) => !ids.has(headers['skysieve-alert']))).toEqual([])
  // The simulator ended with the hub, in the midst of the last visit that has deliveries, or of the one after it.
  const last = visitsOf(had).at(-1) ?? 0
  await remote.checkVisits(read, [last, last + 1])
})

test('a token that was used is of no use to another machine, and the reason is told', async () => {
  const again = join(dir, 'again.token')
  await remote.skysieve('node', 'add', 'third', '--token-file', again)
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
