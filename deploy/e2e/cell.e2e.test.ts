// A hub on one machine, and a node of three machines that stand in for each other: one is killed while a visit is played, and a fourth takes its place.
// Seen from a further place on the network.
import { mkdtempSync, rmSync } from 'node:fs'
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
/** In the midst of a visit, which takes a second or two. */
const INTO_VISIT_MS = 500

type Launcher = ReturnType<typeof runLauncher>

interface View {
  readonly bootstrap: string
  readonly reached: boolean
  readonly shards: number
  readonly machines: readonly {
    readonly machine: number
    readonly state: string
    readonly host: string
    readonly shards: readonly number[]
  }[]
}

const dir = mkdtempSync(join(tmpdir(), 'sky-cell-'))
const hubDir = join(dir, 'hub')
let hosts: Hosts
let near: Host
let hub: Launcher
let remote: ReturnType<typeof openRemoteHub>
/** By number; the fourth is the one that comes later. */
const machines = new Map<number, Host>()
const running = new Map<number, Launcher>()
/** Of the machine that dies first. */
let lost = 0

/** Starts the machine with this number; with a token for the first time. */
const start = (number: number, tokenFile?: string): Launcher => {
  const host = machines.get(number)
  if (host === undefined) throw new RangeError(`no machine ${number}`)
  const token = tokenFile === undefined ? [] : ['--token-file', tokenFile]
  const options = ['--join', `https://${near.address}:21105`, '--listen', host.address, '--no-python', '--shards', '1']
  const launcher = runLauncher(['start', '--data-dir', join(dir, `machine${number}`), ...options, ...token], host.on)
  running.set(number, launcher)
  return launcher
}
/** All its processes end with their launcher, at once: the kernel sees to that. */
const kill = async (number: number): Promise<void> => {
  const launcher = running.get(number)
  launcher?.child.kill('SIGKILL')
  await launcher?.ended
  running.delete(number)
}
const view = (): Promise<View> => remote.skysieve<View>('node', 'show', NODE)

/** The number of the machine that runs a shard. */
const machineOf = (shard: number): Promise<number> =>
  until(
    `shard ${shard} reports`,
    LIMIT_MS,
    async () => (await view()).machines.find(({ shards }) => shards.includes(shard))?.machine,
  )

/** Kills it while a visit comes over; then the filter goes on. Resolves to the seconds until the next visit had deliveries. */
const killInVisit = async (number: number): Promise<void> => {
  await remote.laterVisits(1)
  await sleep(INTO_VISIT_MS)
  await kill(number)
  await remote.checkVisits(await remote.laterVisits(3))
}

beforeAll(async () => {
  hosts = openHosts()
  near = hosts.add('hub')
  for (const number of [1, 2, 3, 4]) machines.set(number, hosts.add(`machine${number}`))
  remote = openRemoteHub({
    address: near.address,
    dataDir: hubDir,
    dir,
    from: hosts.outside.on,
    filter: FILTER,
    alerts: ALERTS,
  })
  const options = ['--nodes', '1', '--alerts', String(ALERTS), '--interval', '6', '--no-python', '--no-archive']
  hub = runLauncher(['start', '--data-dir', hubDir, '--listen', near.address, ...options], near.on)
  await untilSaid(hub, 'Skysieve runs')
})

afterAll(async () => {
  for (const { child, ended } of [...running.values(), hub]) {
    child?.kill('SIGINT')
    await ended
  }
  hosts?.close()
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
})

test('three machines join by three tokens, wait for each other, and are one node with three addresses', async () => {
  const token = join(dir, `${NODE}.token`)
  await remote.skysieve('node', 'add', NODE, '--cell', '--token-file', token)
  const first = start(1, `${token}.1`)
  await untilSaid(first, `machine 1 of ${NODE} waits for the others: 1 of 3 have joined`)
  const others = [start(2, `${token}.2`), start(3, `${token}.3`)]
  for (const [at, launcher] of [first, ...others].entries())
    await untilSaid(launcher, `Skysieve runs: ${NODE}, machine ${at + 1} of 3 is ready`)
  const found = await until(`${NODE} is up on three machines`, LIMIT_MS, async () => {
    const now = await view()
    return now.reached && now.machines.every(({ state }) => state === 'up') ? now : undefined
  })
  expect(found.shards).toBe(3)
  expect(found.bootstrap).toBe([1, 2, 3].map(number => `${machines.get(number)?.address}:21100`).join(','))
  const impostor = start(4, `${token}.1`)
  expect(await impostor.ended).toBe(1)
  expect(impostor.output()).toMatch(/refuses this node: .*used before, with another key/)
  running.delete(4)
  rmSync(join(dir, 'machine4'), { recursive: true })
})

test('the machine that runs a filter is killed in a visit: another goes on, and every alert is delivered once', async () => {
  await remote.skysieve('filter', 'move', FILTER, NODE)
  const shard = await remote.filterIsOn(NODE)
  const { bootstrap } = await remote.subscribe()
  expect(bootstrap.split(',')).toHaveLength(3)
  expect(visitsOf(await remote.laterVisits(1)).length).toBeGreaterThan(0)
  lost = await machineOf(shard)
  await expect(remote.skysieve('node', 'replace-machine', NODE, String(lost))).rejects.toThrow(/is alive/)
  await killInVisit(lost)
})

test('a fourth machine, at another address, takes the place of the lost one, and has all that the others have', async () => {
  const token = join(dir, 'fourth.token')
  await remote.skysieve('node', 'replace-machine', NODE, String(lost), '--token-file', token)
  await untilSaid(start(4, token), `Skysieve runs: ${NODE}, machine ${lost} of 3 is ready`)
  await until('three replicas are in sync', LIMIT_MS, async () => {
    const inSync = await remote.asSubscriber<readonly number[]>('topic-replicas.fixture.ts')
    return inSync.length > 0 && inSync.every(count => count === 3) ? true : undefined
  })
  const back = await until(`${NODE} is up on three machines again`, LIMIT_MS, async () => {
    const now = await view()
    return now.machines.every(({ state }) => state === 'up') ? now : undefined
  })
  expect(back.machines[lost - 1]?.host).toBe(machines.get(4)?.address)
})

test('the machine that was lost comes back after all, and is told that another has its place', async () => {
  const late = start(lost)
  expect(await late.ended).toBe(1)
  expect(late.output()).toMatch(/refuses this node: .*a newer one took its place/)
  running.delete(lost)
})
