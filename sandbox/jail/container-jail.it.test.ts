// Isolate hosts in containers, on a Docker engine of its own: the suite of all runtimes, what a broken host finds, ends from outside, and hostile filters.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testConformance } from '../conformance/suite.ts'
import { type Engine, startEngine } from '../container/engine.fixture.ts'
import { openEngine } from '../engine/docker-engine.ts'
import { removeContainers } from '../engine/sweep-containers.ts'
import { openOutside } from '../hostile/canaries.ts'
import { javascriptModule, readCorpus } from '../hostile/corpus.ts'
import { goodFilters, neighbourBatch, javascriptFilter } from '../hostile/good-filters.ts'
import { openCorpusRun } from '../hostile/run-corpus.ts'
import { openTestIsolates } from '../isolate/isolate-sandbox.fixture.ts'
import { type IsolateSandbox } from '../isolate/open-isolate-sandbox.ts'
import { type Program } from '../sandbox.ts'
import { openContainerJail } from './container-jail.ts'
import { openEscapes } from './escape.fixture.ts'

const CORPUS = join(import.meta.dirname, '../hostile/corpus.js.jsonl')
const logger = pino({ level: 'silent' })
const batch = neighbourBatch(32)
const good = goodFilters(6)
const ids = good.map(({ id }) => id)

let engine: Engine
beforeAll(async () => {
  engine = await startEngine()
}, 600_000)
afterAll(() => engine?.close())

const open = (over: Parameters<typeof openTestIsolates>[0] = {}): Promise<IsolateSandbox> =>
  openTestIsolates({ host: 'container', engine: { engine: engine.socket, label: 'test' }, ...over })

testConformance('isolates in containers', { runtime: 'isolate', language: 'javascript', open: () => open() })

describe('a host in a container', () => {
  test('that is broken writes, connects, starts, signals and traces nothing, and reads nothing of others', async () => {
    const escapes = await openEscapes()
    const jail = await openContainerJail({ engine: engine.socket, label: 'test', dir: escapes.dir, logger })
    const { said, code } = await escapes.probe(jail)
    expect({ code, said }).toMatchObject({ code: 0 })
    const found = JSON.parse(said) as Record<string, string>
    const reached = Object.keys(found).filter(act => !found[act]?.startsWith('refused'))
    // It sees itself in /proc, and the engine's empty devices.
    expect(reached).toEqual(['isolates', 'list proc', 'list sys', 'list dev'])
    expect(found['list proc']).toMatch(/^1,[a-z]/)
    expect(escapes.connections()).toBe(0)
    escapes.close()
  })

  test('is proved, and costs nobody anything when it is killed, stopped or removed', async () => {
    const restarts: string[] = []
    const sandbox = await open({ onRestart: reason => restarts.push(reason) })
    for (const program of good) await sandbox.load(program)
    const docker = openEngine(engine.socket)
    const expected = (await sandbox.evaluate(batch, ids)).map(({ passed }) => passed)
    expect(await sandbox.posture()).toEqual({ ok: true, kind: 'container', differences: [] })
    const ends = [
      async () => sandbox.hostPids().map(pid => process.kill(pid, 'SIGKILL')),
      async () => sandbox.hostPids().map(pid => process.kill(pid, 'SIGSTOP')),
      async () => {
        await removeContainers(docker, new Set((await docker.listContainers()).map(({ Id }) => Id)))
      },
    ]
    for (const end of ends) {
      const under = sandbox.evaluate(batch, ids)
      await end()
      for (const verdicts of [await under, await sandbox.evaluate(batch, ids)]) {
        expect(verdicts.filter(({ failure }) => failure)).toEqual([])
        expect(verdicts.map(({ passed }) => passed)).toEqual(expected)
      }
    }
    expect(restarts.length).toBeGreaterThan(0)
    await sandbox.close()
    expect(await docker.listContainers({ all: true })).toEqual([])
    expect(readdirSync('/dev/shm').filter(name => name.includes(`-${process.pid}-`))).toEqual([])
  })

  test('waits for an engine that crashed and comes back, and no verdict is lost', async () => {
    const sandbox = await open()
    for (const program of good) await sandbox.load(program)
    const expected = (await sandbox.evaluate(batch, ids)).map(({ passed }) => passed)
    await engine.kill()
    const under = sandbox.evaluate(batch, ids)
    await engine.start()
    expect((await under).map(({ passed }) => passed)).toEqual(expected)
    await sandbox.close()
  })

  test('ends with the process that made it, and the next start removes what is left', async () => {
    const dir = mkdtempSync(join(engine.dir, 'orphan-'))
    const fixture = join(import.meta.dirname, '../isolate/orphan.fixture.ts')
    const child = spawn(process.execPath, [fixture, dir, engine.socket], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    const docker = openEngine(engine.socket)
    await expect.poll(() => docker.listContainers(), { timeout: 10_000 }).toEqual([])
    const next = await open({ dir, engine: { engine: engine.socket, label: 'orphans' } })
    expect(await docker.listContainers({ all: true })).toEqual([])
    await next.load(good[0] as Program)
    expect(readdirSync('/dev/shm').filter(name => name.includes(`-${child.pid}-`))).toEqual([])
    await next.close()
    rmSync(dir, { recursive: true })
  })

  test('is taken where bubblewrap cannot run, which is said', async () => {
    const { PATH } = process.env
    process.env['PATH'] = '/nowhere'
    const opening = open({ host: undefined })
    process.env['PATH'] = PATH
    const sandbox = await opening
    expect(await sandbox.posture()).toMatchObject({
      ok: true,
      kind: 'container',
      differences: [expect.stringMatching(/run in containers: .*setpriv|bwrap/)],
    })
    await sandbox.close()
  })

  test('contains a representative part of the hostile filters beside good ones', async () => {
    const sandbox = await open()
    const outside = await openOutside()
    const run = await openCorpusRun({
      sandbox,
      outside,
      good: goodFilters(15),
      batch,
      restarts: () => 0,
      programOf: (each, id) => javascriptFilter(id, javascriptModule(each)),
      hostPids: () => sandbox.hostPids(),
    })
    const wrong = []
    for (const each of readCorpus(CORPUS).filter((_, index) => index % 3 === 0)) {
      const result = await run.run(each)
      if (!result.contained) wrong.push({ name: result.name, told: result.told, touched: result.touchedOutside })
    }
    expect(wrong).toEqual([])
    await sandbox.close()
    outside.close()
  }, 120_000)
})
