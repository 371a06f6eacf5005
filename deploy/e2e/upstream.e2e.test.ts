// A started system that takes two streams of a survey, added by the command line, while everything between the survey and the hub is killed or cut:
// afterwards the hub has what the survey sent, each packet once, and none is a dead letter. `npm run chaos -- --upstream` is a long one.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { STREAMS } from '#hub'
import { openHubTopic } from '../chaos/upstream/hub-topic.ts'
import { runUpstream } from '../chaos/upstream/run-upstream.ts'
import { openTakenStream, type TakenStream } from '../chaos/upstream/taken-stream.ts'
import { faultsFor, UPSTREAM_FAULTS } from '../chaos/upstream/upstream-faults.ts'
import { freePortBase } from './running-system.ts'
import { until } from './until.ts'

const dir = mkdtempSync(join(tmpdir(), 'skysieve-taken-'))
const dataDir = join(dir, '.skysieve')
let taken: TakenStream

beforeAll(async () => {
  taken = await openTakenStream(dataDir, await freePortBase(1))
})
afterAll(async () => {
  await taken?.close()
  rmSync(dir, { recursive: true, force: true })
})

test('the hub equals the survey, each packet once and in order, whatever is killed or cut on the way', async () => {
  const lines: string[] = []
  const faults = faultsFor(UPSTREAM_FAULTS.length, 1)
  const result = await runUpstream({ taken, faults, alerts: 60, print: line => lines.push(line) })
  const { lost, duplicated, foreign, outOfOrder, deadLetters, refused } = result
  const wrong = { lost, duplicated, foreign, outOfOrder, deadLetters, refused }
  expect(wrong, lines.join('\n')).toEqual({
    lost: 0,
    duplicated: 0,
    foreign: 0,
    outOfOrder: 0,
    deadLetters: 0,
    refused: 0,
  })
  for (const [name, packets] of [
    ['rubin', result.packets / 2],
    ['ztf', result.packets / 2],
  ] as const) {
    const shown = await until('no lag', 120_000, async () => {
      const one = await taken.cli('upstream', 'show', name)
      return one['state'] === 'copying' && (one['lag'] as { alerts: number } | null)?.alerts === 0 ? one : undefined
    })
    expect(shown).toMatchObject({ packets, deadLetters: 0, gaps: [] })
  }
})

test('no password of the survey is in an argument, the environment, a log or an answer', async () => {
  const { password } = taken.survey.ours
  const answers = [await taken.cli('upstream', 'show', 'rubin'), await taken.cli('status')]
  expect(JSON.stringify(answers)).not.toContain(password)
  const logs = readdirSync(join(dataDir, 'logs')).map(name => readFileSync(join(dataDir, 'logs', name), 'latin1'))
  expect(logs.filter(text => text.includes(password))).toEqual([])
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'latin1')
    } catch {
      return ''
    }
  }
  const ours = readdirSync('/proc').filter(name => /^\d+$/.test(name) && read(name, 'cmdline').includes(dataDir))
  expect(ours.length).toBeGreaterThan(3)
  expect(ours.filter(pid => (read(pid, 'cmdline') + read(pid, 'environ')).includes(password))).toEqual([])
})

test('removed, it is taken no longer; added again under its name, it goes on where it was', async () => {
  const { survey, framed, system } = taken
  await taken.cli('upstream', 'remove', 'rubin')
  await until('its end', 120_000, async () => {
    const { upstreams } = (await taken.cli('status')) as { upstreams: { upstream: string }[] }
    return upstreams.some(({ upstream }) => upstream === 'rubin') ? undefined : true
  })
  const topic = openHubTopic(system.hub, STREAMS.lsst.topic)
  await topic.readOn()
  const before = topic.count
  const later = ['one', 'two'].map(text => ({ partition: 0, timestamp: Date.now(), value: Buffer.from(text) }))
  await survey.produce(framed, later)
  await taken.add('rubin', framed, '--stream', 'lsst')
  await until('the two', 240_000, async () => {
    await topic.readOn()
    return topic.count >= before + later.length ? true : undefined
  })
  expect(topic.count).toBe(before + later.length)
})
