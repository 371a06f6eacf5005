// A started system whose archiver and hub broker are killed while visits play: afterwards every packet is archived and announced, once.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeNotice, openAdmin, STREAMS } from '#hub'
import { ROOT } from '../paths.ts'
import { hubPorts, LOOPBACK } from '../start/layout/ports.ts'
import { readAll } from '../processes/archiver/archiving.fixture.ts'
import { freePortBase, type RunningSystem, startSystem } from './running-system.ts'
import { until } from './until.ts'

const VISITS = 4
const ALERTS = 150
const dir = mkdtempSync(join(tmpdir(), 'skysieve-archive-'))
let system: RunningSystem

beforeAll(async () => {
  const played = ['--visits', String(VISITS), '--alerts', String(ALERTS), '--interval', '5']
  system = await startSystem(join(dir, 'data'), await freePortBase(1), ['--nodes', '1', '--no-python', ...played])
})
afterAll(async () => {
  await system?.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** SIGKILL for the process whose command line has this file of the system's. */
const kill = (file: string): number => {
  const wanted = join(system.dataDir, file)
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name) && commandLine(name).includes(wanted))
  for (const pid of pids) process.kill(Number(pid), 'SIGKILL')
  return pids.length
}
const commandLine = (pid: string): string[] => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

const onHub = (): string[] => ['--bootstrap', system.hub.bootstrap, '--user', system.hub.user]
const cli = (...argv: string[]): Record<string, unknown> => {
  const bin = join(ROOT, 'deploy/bin/skysieve.mjs')
  const settings = join(system.dataDir, 'config/archiver.json')
  const env = { ...process.env, SKYSIEVE_KAFKA_PASSWORD: system.hub.password }
  return JSON.parse(
    execFileSync('node', [bin, ...argv, '--archive', settings, '--json'], { encoding: 'utf8', env, cwd: dir }),
  )
}

const isTrue = (holds: boolean): true | undefined => (holds ? true : undefined)

const visitsPlayed = async (): Promise<number> => {
  const url = `http://${LOOPBACK}:${hubPorts(system.portBase).simulatorOps}/metrics`
  const text = await (await fetch(url)).text()
  return Number(/^skysieve_simulator_visits_total (\d+)/m.exec(text)?.[1] ?? 0)
}

const readiness = async () => {
  const answer = await fetch(`http://${LOOPBACK}:${hubPorts(system.portBase).archiverOps}/readyz`).catch(
    () => undefined,
  )
  return answer?.status
}

test('kill -9 of the archiver and of the hub’s broker while visits play loses, repeats and alters nothing', async () => {
  for (const [file, restMs] of [
    ['config/archiver.json', 4000],
    ['hub/server.properties', 5000],
    ['config/archiver.json', 300],
    ['config/archiver.json', 2000],
  ] as const) {
    await until(`a process of ${file}`, 240_000, async () => isTrue(kill(file) > 0))
    await sleep(restMs)
  }
  const { hub } = system
  const packets = async (): Promise<number> => {
    const admin = openAdmin(hub)
    try {
      const ends = await admin.offsets(STREAMS.lsst.topic, 'latest')
      return Number([...ends.values()].reduce((sum, end) => sum + end, 0n))
    } finally {
      await admin.close()
    }
  }
  await until('the end of the play', 480_000, async () => isTrue((await visitsPlayed()) >= VISITS))
  const count = await packets()
  // A visit that the broker's death cut off stays short, and another one is played.
  expect(count).toBeGreaterThanOrEqual(VISITS * ALERTS)
  await until('all notices', 240_000, async () => isTrue((await readAll(hub, 'lsst-notices')).length >= count))
  const clean = { missing: 0, different: 0, unannounced: 0, announcedTwice: 0 }
  expect(cli('archive', 'verify', ...onHub())).toMatchObject({ identical: count, pending: 0, counts: clean })
  await until('a ready archiver', 120_000, async () => isTrue((await readiness()) === 200))
})

test('each notice’s address answers with the packet, for all of a visit', async () => {
  const { hub, apiUrl, secrets } = system
  const notices = (await readAll(hub, 'lsst-notices')).map(({ value }) => decodeNotice(value ?? Buffer.alloc(0)))
  const visit = notices.filter(notice => notice.visit === notices.at(-1)?.visit)
  expect(visit.length).toBe(ALERTS)
  const headers = { authorization: `Bearer ${secrets.adminToken}` }
  const statuses = new Set<number>()
  for (const { uri } of visit) statuses.add((await fetch(new URL(uri, apiUrl), { headers })).status)
  expect([...statuses]).toEqual([200])
})

test('an index that is built again has every packet', () => {
  const index = join(system.dataDir, 'archive/index/lsst.sqlite')
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${index}${suffix}`, { force: true })
  const found = cli('archive', 'reindex')
  expect(found).toMatchObject({ removed: 0, unreadable: [] })
  expect(found['added']).toBe(found['packets'])
  expect(found['packets']).toBeGreaterThanOrEqual(VISITS * ALERTS)
})
