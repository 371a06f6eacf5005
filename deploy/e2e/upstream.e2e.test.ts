// A started system that takes a survey's stream, added by the command line, while everything between the survey and the hub is killed or cut:
// afterwards the hub has what the survey sent, each packet once, and none is a dead letter.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HUB_DEAD_LETTERS, openAdmin, openSyntheticSource, STREAMS } from '#hub'
import { ROOT } from '../paths.ts'
import { readAll } from '../processes/archiver/archiving.fixture.ts'
import { openSurvey, type Survey, type SurveyRecord } from '../processes/upstream/survey.fixture.ts'
import { freePortBase, type RunningSystem, startSystem } from './running-system.ts'
import { until } from './until.ts'

const PARTITIONS = 6
const ALERTS = 120
const dir = mkdtempSync(join(tmpdir(), 'skysieve-taken-'))
const dataDir = join(dir, '.skysieve')
const synthetic = openSyntheticSource()
let survey: Survey
let topic: string
let system: RunningSystem

beforeAll(async () => {
  survey = await openSurvey({ isRelayed: true })
  topic = await survey.makeTopic(PARTITIONS)
  await survey.register(synthetic.schemaId, synthetic.schemaJson)
  const options = ['--nodes', '1', '--no-python', '--no-simulator']
  system = await startSystem(dataDir, await freePortBase(1, 36_000), options)
})
afterAll(async () => {
  await system?.stop()
  await survey?.close()
  rmSync(dir, { recursive: true, force: true })
})

/** Typed in the directory where the system was started. */
const cli = async (...argv: string[]): Promise<Record<string, unknown>> => {
  const bin = join(ROOT, 'deploy/bin/skysieve.mjs')
  const { stdout } = await promisify(execFile)('node', [bin, ...argv, '--json'], { encoding: 'utf8', cwd: dir })
  return JSON.parse(stdout)
}
const add = (name: string, ...more: string[]): Promise<Record<string, unknown>> => {
  const { bootstrap, user } = survey.ours
  const who = ['--bootstrap', bootstrap, '--user', user, '--password-file', 'password']
  return cli('upstream', 'add', 'rubin', ...who, '--topic', name, '--stream', 'lsst', '--from', 'earliest', ...more)
}
const commandLine = (pid: string): string[] => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}
/** SIGKILL for the process whose command line has this file of the system's. */
const kill = (file: string): Promise<true> =>
  until(`a process of ${file}`, 240_000, async () => {
    const pids = readdirSync('/proc').filter(
      name => /^\d+$/.test(name) && commandLine(name).includes(join(dataDir, file)),
    )
    for (const pid of pids) process.kill(Number(pid), 'SIGKILL')
    return pids.length > 0 ? true : undefined
  })
const sha256 = (bytes: Uint8Array | null): string =>
  createHash('sha256')
    .update(bytes ?? '')
    .digest('hex')

/** The packets of the hub's topic, by their hashes; throws while its broker is away. */
const onHub = async (): Promise<string[]> => {
  const admin = openAdmin(system.hub)
  const partitions = [...(await admin.offsets(STREAMS.lsst.topic, 'latest')).keys()]
  await admin.close()
  const records = await Promise.all(partitions.map(partition => readAll(system.hub, STREAMS.lsst.topic, partition)))
  return records.flat().map(({ value }) => sha256(value))
}

test('the hub equals the survey, each packet once, whatever is killed or cut on the way', async () => {
  writeFileSync(join(dir, 'password'), `${survey.ours.password}\n`, { mode: 0o600 })
  const added = await add(topic, '--registry', survey.registry.url)
  expect(added).toMatchObject({ name: 'rubin', partitions: PARTITIONS })
  const faults = [
    async () => undefined,
    async () => kill('config/upstream.json'),
    async () => survey.link?.cut(),
    async () => survey.killBroker(),
    async () => kill('hub/server.properties'),
    async () => survey.link?.hang(),
    async () => kill('config/upstream.json'),
  ]
  const sent: string[] = []
  for (const [visit, fault] of faults.entries()) {
    const records = Array.from({ length: ALERTS }, (_, at): SurveyRecord => ({
      partition: at % PARTITIONS,
      timestamp: Date.now(),
      value: synthetic.packet(100 + visit, at).packet,
    }))
    sent.push(...records.map(({ value }) => sha256(value ?? null)))
    const sending = survey.produce(topic, records)
    await sleep(700)
    await fault()
    if (fault === faults[3]) await survey.startBroker()
    await sending
    await sleep(1500)
    survey.link?.mend()
  }
  const count = sent.length
  await until('all packets', 600_000, async () => {
    const came = await onHub().catch(() => [])
    return came.length >= count ? true : undefined
  })
  expect((await onHub()).toSorted()).toEqual(sent.toSorted())
  const shown = await until('no lag', 120_000, async () => {
    const one = await cli('upstream', 'show', 'rubin')
    return one['state'] === 'copying' && (one['lag'] as { alerts: number } | null)?.alerts === 0 ? one : undefined
  })
  expect(shown).toMatchObject({ upstream: 'rubin', packets: count, deadLetters: 0, gaps: [] })
  expect(await readAll(system.hub, HUB_DEAD_LETTERS)).toEqual([])
  expect(survey.registry.refused).toEqual([])
})

test('no password of the survey is in an argument, the environment, a log or an answer', async () => {
  const { password } = survey.ours
  const answers = [await cli('upstream', 'show', 'rubin'), await cli('status')]
  expect(JSON.stringify(answers)).not.toContain(password)
  const logs = readdirSync(join(dataDir, 'logs')).map(name => readFileSync(join(dataDir, 'logs', name), 'latin1'))
  expect(logs.filter(text => text.includes(password))).toEqual([])
  const ours = readdirSync('/proc').filter(name => /^\d+$/.test(name) && commandLine(name).join(' ').includes(dataDir))
  for (const pid of ours) {
    expect(commandLine(pid).join(' ')).not.toContain(password)
    expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).not.toContain(password)
  }
})

test('removed, it is taken no longer; added again under its name, it goes on where it was', async () => {
  await cli('upstream', 'remove', 'rubin')
  await until('its end', 120_000, async () => {
    const { upstreams } = await cli('status')
    return (upstreams as unknown[]).length === 0 ? true : undefined
  })
  const before = (await onHub()).length
  await survey.produce(topic, [
    { partition: 0, timestamp: Date.now(), value: synthetic.packet(200, 0).packet },
    { partition: 1, timestamp: Date.now(), value: synthetic.packet(200, 1).packet },
  ])
  await add(topic)
  await until('the two', 240_000, async () => ((await onHub()).length >= before + 2 ? true : undefined))
  expect(await onHub()).toHaveLength(before + 2)
})
