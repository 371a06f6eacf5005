// The container runtime on a Docker engine of its own: the suite of both runtimes, then what ends containers and who pays for it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { batchOf } from '../conformance/batch-of.ts'
import { SAMPLE_LIMITS, SAMPLE_RECORDS, SAMPLE_SET } from '../conformance/sample.ts'
import { sampleProgram, testConformance, tryOut, verdictWords } from '../conformance/suite.ts'
import { openEngine } from '../engine/docker-engine.ts'
import { openOutside } from '../hostile/canaries.ts'
import { pythonModule, readCorpus } from '../hostile/corpus.ts'
import { goodPythonFilters, neighbourBatch, pythonFilter } from '../hostile/good-filters.ts'
import { openCorpusRun } from '../hostile/run-corpus.ts'
import { openSandbox } from '../open-sandbox.ts'
import { type Verdicts } from '../sandbox.ts'
import { type Engine, openTestSandbox, startEngine } from './engine.fixture.ts'
import { type ContainerSandbox } from './open-container-sandbox.ts'

const BATCH = batchOf({ set: SAMPLE_SET, records: SAMPLE_RECORDS })
const CORPUS = join(import.meta.dirname, '../hostile/corpus.py.jsonl')
const ALL = ['pass', 'pass', 'pass', 'pass']
const module = (body: string): string =>
  `import os, sys, time\ndef filter(alert):\n    ${body.replaceAll('\n', '\n    ')}\n`
const program = (body: string, over: Parameters<typeof sampleProgram>[2] = {}) =>
  sampleProgram('container', module(body), over)

let engine: Engine
const docker = () => openEngine(engine.socket)
// The first run on a machine also assembles the image.
beforeAll(async () => {
  engine = await startEngine()
}, 600_000)
afterAll(() => engine?.close())

testConformance('containers', { runtime: 'container', language: 'python', open: () => openTestSandbox(engine) })

describe('a container', () => {
  let sandbox: ContainerSandbox
  beforeAll(async () => {
    sandbox = await openTestSandbox(engine)
  })
  afterAll(() => sandbox?.close())

  const processesOf = (): number[] =>
    sandbox.hostPids().filter(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('/usr/bin/python'))

  test.for([
    ['an exit', 'os._exit(3)', 'crash', /exit code 3/],
    ['an abort', 'os.abort()', 'crash', /SIGABRT/],
    ['a bad pointer', 'import ctypes\nctypes.string_at(0)', 'crash', /SIGSEGV/],
    ['memory without end', 'k = []\nwhile True: k.append(bytearray(1 << 20))', 'out-of-memory', /64 MB/],
    [
      'a lock that is never opened',
      'import threading\nl = threading.Lock(); l.acquire(); l.acquire()',
      'timeout',
      /200 ms/,
    ],
    ['a flood of output', 'while True: os.write(2, b"A" * 65536)', 'protocol', /standard error/],
    [
      'a forged reply',
      'for fd in range(3, 20):\n  try: os.write(fd, b"\\xff" * 64)\n  except OSError: pass',
      'protocol',
      /conversation/,
    ],
    [
      'its own process group killed',
      'os.killpg(0, 15)\nimport signal\nsignal.signal(15, signal.SIG_DFL)\nos.kill(os.getpid(), 15)',
      'crash',
      /143/,
    ],
  ] as const)('%s fails the filter and says so', async ([, body, reason, message]) => {
    const limits = { ...SAMPLE_LIMITS, batchMs: reason === 'timeout' ? 200 : 5000 }
    const verdicts = await tryOut(sandbox, program(body, { limits }))
    expect(verdicts.failure).toMatchObject({ reason, error: { message: expect.stringMatching(message) as string } })
    expect(verdicts.cpuMs).toBeGreaterThan(0)
  })

  test('a filter cannot kill itself in a way that looks like somebody else did', async () => {
    const body =
      'import resource, fcntl\ntry: os.kill(os.getpid(), 9)\nexcept PermissionError: pass\ntry: resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nexcept (PermissionError, ValueError): return True'
    expect(verdictWords(await tryOut(sandbox, program(body)))).toEqual(ALL)
  })

  test('a loop while it is loaded has a timeout, and memory too', async () => {
    const impatient = await openTestSandbox(engine, { loadMs: 300 })
    const source = 'while True: pass\n'
    const outcome = await impatient.load(sampleProgram('container', source))
    expect(outcome).toMatchObject({
      ok: false,
      reason: 'timeout',
      error: { message: expect.stringContaining('300 ms') as string },
    })
    await impatient.close()
    const greedy = await sandbox.load(
      sampleProgram('container', 'k = [bytearray(1 << 20) for _ in range(2000)]\ndef filter(a): return True\n'),
    )
    expect(greedy).toMatchObject({ ok: false, reason: 'out-of-memory' })
  })

  test('it sees nothing of the outside, and the posture says so', async () => {
    const probes = [
      'open("/ring/ring", "r+b")',
      'open("/app/host.py", "a")',
      'open("/x", "w")',
      'open("/etc/shadow")',
      '__import__("socket").socket()',
      '__import__("socket").socket(40, 1)',
      '__import__("subprocess").run(["/bin/sh"])',
      'os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))',
      'os.fork() == 0 and os.unshare(1)',
    ].filter(probe => !probe.includes('fork'))
    const body = `for probe in ${JSON.stringify(probes)}:\n  try: eval(probe)\n  except OSError: continue\n  return {"pass": True, "annotations": {"allowed": probe}}\nreturn sorted(os.environ) == ${JSON.stringify(['HOME', 'HOSTNAME', 'LANG', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'PATH', 'PYTHONHASHSEED', 'TZ'])}`
    const one = program(body)
    await sandbox.load(one)
    const [verdicts] = await sandbox.evaluate(BATCH, [one.id])
    expect(verdicts?.annotations).toBeUndefined()
    expect(verdictWords(verdicts as Verdicts)).toEqual(ALL)
    expect(await sandbox.posture()).toEqual({ ok: true, kind: 'container', differences: [] })
    await sandbox.unload(one.id)
  })

  test('one that somebody killed, stopped or removed costs the filter nothing, and its batch is run again', async () => {
    const steady = program('return True')
    await sandbox.load(steady)
    const ends = [
      () =>
        docker()
          .getContainer(sandbox.containerIds()[0] ?? '')
          .kill(),
      () =>
        docker()
          .getContainer(sandbox.containerIds()[0] ?? '')
          .stop(),
      () =>
        docker()
          .getContainer(sandbox.containerIds()[0] ?? '')
          .remove({ force: true }),
      async () => processesOf().map(pid => process.kill(pid, 'SIGKILL')),
      () =>
        docker()
          .getContainer(sandbox.containerIds()[0] ?? '')
          .pause(),
    ]
    for (const end of ends) {
      const under = sandbox.evaluate(BATCH, [steady.id])
      await end()
      for (const [verdicts] of [await under, await sandbox.evaluate(BATCH, [steady.id])])
        expect(verdictWords(verdicts as Verdicts)).toEqual(ALL)
    }
    await sandbox.unload(steady.id)
  })

  test('NumPy filters see columns and lists, and libraries are there', async () => {
    const source = [
      'import numpy as np, scipy, astropy, light_curve',
      'class Columns(AlertFilter):',
      '    """Whole batches"""',
      '    def setup(self):',
      '        self.limit = 0',
      '    def filter_batch(self, alerts):',
      '        flux, history = alerts["source"]["flux"], alerts["history"]',
      '        assert list(history.counts) == [3, -1, 0, 1] and list(history.alert) == [0, 0, 0, 3]',
      '        assert list(history["band"]) == ["g", "r", "clear", "z"] and list(history.null("flux")) == [False, True, False, False]',
      '        assert alerts.source.id[0] == 2**60 + 1 and list(alerts.object.present) == [True, False, True, True]',
      '        assert list(alerts.filled("name", "")) == ["α Centauri — 𝛿", "", "", "plain"] and list(alerts.source.null("flux")) == [False, False, True, False]',
      '        return np.where(flux > self.limit, flux, 0)',
    ].join('\n')
    const verdicts = await tryOut(sandbox, sampleProgram('container', source))
    expect(verdicts.firstError).toBeUndefined()
    expect(verdictWords(verdicts)).toEqual(['pass', 'drop', 'drop', 'drop'])
    expect([...(verdicts.scores ?? [])]).toEqual([1.5, NaN, NaN, NaN])
  })

  test('a cutout is bytes, with its image as an array', async () => {
    const header = [
      'SIMPLE  =                    T',
      'BITPIX  =                  -32',
      'NAXIS   =                    2',
      'NAXIS1  =                    2',
      'NAXIS2  =                    1',
      'END',
    ]
    const data = Buffer.alloc(2880)
    data.writeFloatBE(1.5, 0)
    data.writeFloatBE(-2, 4)
    const stamp = Buffer.concat([
      Buffer.from(
        header
          .map(text => text.padEnd(80))
          .join('')
          .padEnd(2880),
      ),
      data,
    ])
    const batch = batchOf({ set: SAMPLE_SET, records: [{ stamp }] })
    const verdicts = await tryOut(
      sandbox,
      program('image = alert.stamp.array\nreturn image.shape == (1, 2) and image.tolist() == [[1.5, -2.0]]', {
        limits: { ...SAMPLE_LIMITS, batchMs: 20_000 },
      }),
      batch,
    )
    expect(verdicts.firstError).toBeUndefined()
    expect(verdictWords(verdicts, 1)).toEqual(['pass'])
  })

  test('what a filter raised before its batch ran out of time is told with its place', async () => {
    const source = [
      'seen = []',
      'def filter(alert):',
      '    seen.append(alert)',
      '    if len(seen) == 1:',
      '        open("/etc/hosts2", "w")',
      '    while True: pass',
    ].join('\n')
    const { failure } = await tryOut(
      sandbox,
      sampleProgram('container', source, { limits: { ...SAMPLE_LIMITS, batchMs: 200 } }),
    )
    expect(failure).toMatchObject({ reason: 'timeout', error: { line: 5, column: 9 } })
    expect(failure?.error.message).toMatch(/200 ms.*its first error was: OSError: .*Read-only file system/)
  })

  test('a process that a filter forked does not speak for it', async () => {
    const filter = program('if os.fork() == 0:\n    return False\nos.wait()\nreturn True')
    const verdicts = await tryOut(sandbox, filter)
    expect(verdicts.failure).toBeUndefined()
    expect(verdictWords(verdicts)).toEqual(ALL)
  })

  test('a larger batch than any before is seen whole', async () => {
    const filter = program('return alert.source.flux == len(alert.history)')
    await sandbox.load(filter)
    for (const rows of [1, 64, 256]) {
      const records = Array.from({ length: rows }, (_, row) => ({
        source: { flux: row % 60 },
        history: Array.from({ length: row % 60 }, () => ({ flux: 1 })),
      }))
      const [verdicts] = await sandbox.evaluate(batchOf({ set: SAMPLE_SET, records }), [filter.id])
      expect(new Set(verdictWords(verdicts as Verdicts, rows).slice(1))).toEqual(new Set(rows === 1 ? [] : ['pass']))
    }
    await sandbox.unload(filter.id)
  })
})

describe('both runtimes as one sandbox', () => {
  const javascript = (body: string) => sampleProgram('isolate', `export const filter = alert => ${body}\n`)
  const isolates = () => ({
    dir: mkdtempSync(join(engine.dir, 'isolates-')),
    logger: pino({ level: 'silent' }),
    defaults: { hosts: 1 },
  })
  const containers = (socket: string) => ({
    engine: socket,
    dir: mkdtempSync(join(engine.dir, 'containers-')),
    label: 'both',
    logger: pino({ level: 'silent' }),
  })

  test('verdicts of both come back in the order they were asked for', async () => {
    const sandbox = await openSandbox({ isolates: isolates(), containers: containers(engine.socket) })
    const all = [javascript('true'), program('return False'), javascript('false'), program('return True')]
    for (const each of all) expect(await sandbox.load(each)).toMatchObject({ ok: true })
    const verdicts = await sandbox.evaluate(
      BATCH,
      all.map(({ id }) => id),
    )
    expect(verdicts.map(({ filter }) => filter)).toEqual(all.map(({ id }) => id))
    expect(verdicts.map(each => verdictWords(each)[0])).toEqual(['pass', 'drop', 'drop', 'pass'])
    expect(await sandbox.posture()).toMatchObject({ ok: true, kind: 'bubblewrap, container' })
    await sandbox.unload(all[1]?.id ?? '')
    await expect(sandbox.evaluate(BATCH, [all[1]?.id ?? ''])).rejects.toMatchObject({ code: 'SANDBOX_FILTER_UNKNOWN' })
    await sandbox.close()
  })

  test('without an engine only Python is refused, and an engine that comes later is found', async () => {
    const socket = join(engine.dir, 'later.sock')
    const sandbox = await openSandbox({ isolates: isolates(), containers: containers(socket) })
    const steady = javascript('true')
    await sandbox.load(steady)
    await expect(sandbox.load(program('return True'))).rejects.toMatchObject({ code: 'SANDBOX_ENGINE_UNREACHABLE' })
    expect((await sandbox.evaluate(BATCH, [steady.id])).map(each => verdictWords(each))).toEqual([ALL])
    const posture = await sandbox.posture()
    expect(posture.kind).toBe('bubblewrap')
    expect(posture.differences.join()).toContain('later.sock')
    symlinkSync(engine.socket, socket)
    expect(await sandbox.load(program('return True'))).toMatchObject({ ok: true })
    await sandbox.close()
  })
})

describe('around containers', () => {
  test('an engine that crashes and comes back costs no verdict', async () => {
    const sandbox = await openTestSandbox(engine)
    const filters = [program('return True'), program('return False')]
    for (const each of filters) await sandbox.load(each)
    const ids = filters.map(({ id }) => id)
    await sandbox.evaluate(BATCH, ids)
    await engine.kill()
    const under = sandbox.evaluate(BATCH, ids)
    await expect(sandbox.load(program('return True'))).rejects.toMatchObject({ code: 'SANDBOX_ENGINE_UNREACHABLE' })
    await engine.start()
    expect((await under).map(verdicts => verdictWords(verdicts)[0])).toEqual(['pass', 'drop'])
    const listed = await openEngine(engine.socket).listContainers({ all: true })
    expect(listed.map(({ Id }) => Id).toSorted()).toEqual(sandbox.containerIds().toSorted())
    await sandbox.close()
    expect(await openEngine(engine.socket).listContainers({ all: true })).toEqual([])
    expect(readdirSync('/dev/shm').filter(name => name.includes(`-${process.pid}-`))).toEqual([])
  })

  test('what a killed process left behind is removed at the next start, and nothing of a living one', async () => {
    const living = await openTestSandbox(engine)
    const steady = program('return True')
    await living.load(steady)
    const dir = mkdtempSync(join(engine.dir, 'orphan-'))
    const child = spawn(
      process.execPath,
      [new URL('./orphan.fixture.ts', import.meta.url).pathname, engine.socket, dir],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const [said] = (await once(child.stdout, 'data')) as [Buffer]
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    const next = await openTestSandbox(engine)
    const listed = (await openEngine(engine.socket).listContainers({ all: true })).map(({ Id }) => Id)
    expect(listed).not.toContain(said.toString())
    expect(listed).toEqual(living.containerIds())
    expect(readdirSync('/dev/shm').filter(name => name.includes(`-${child.pid}-`))).toEqual([])
    expect((await living.evaluate(BATCH, [steady.id])).map(verdicts => verdictWords(verdicts))).toEqual([ALL])
    await next.close()
    await living.close()
  })

  test('a representative corpus of hostile filters is contained beside good ones', async () => {
    const sandbox = await openTestSandbox(engine)
    const outside = await openOutside()
    const run = await openCorpusRun({
      sandbox,
      outside,
      good: goodPythonFilters(),
      batch: neighbourBatch(),
      restarts: () => 0,
      programOf: (each, id) => pythonFilter(id, pythonModule(each)),
      hostPids: () => sandbox.hostPids(),
    })
    const wrong = []
    for (const each of readCorpus(CORPUS)) {
      const result = await run.run(each)
      if (!result.contained) wrong.push(result)
    }
    expect(wrong.map(({ name, told, touchedOutside }) => ({ name, told, touchedOutside }))).toEqual([])
    await sandbox.close()
    outside.close()
  }, 1_800_000)

  test('no engine is said with what to do', async () => {
    await expect(openTestSandbox({ ...engine, socket: '/nowhere/docker.sock' })).rejects.toMatchObject({
      code: 'SANDBOX_ENGINE_UNREACHABLE',
      message: expect.stringContaining('/nowhere/docker.sock') as string,
    })
  })
})
