// Hosts that are killed, stopped and replaced while batches run: no verdict is lost, none is wrong, nobody is blamed who did nothing.
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { goodFilters, neighbourBatch, javascriptFilter } from '../hostile/good-filters.ts'
import { type Program, type Verdicts } from '../sandbox.ts'
import { openTestIsolates } from './isolate-sandbox.fixture.ts'
import { type IsolateSandbox } from './open-isolate-sandbox.ts'
import { type IsolateSandboxOptions } from './options.ts'

// Starting processes takes long on a busy machine; that must not decide a test.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const batch = neighbourBatch(32)
const good = goodFilters(9)
const ids = good.map(({ id }) => id)
let sandbox: IsolateSandbox | undefined
const restarts: string[] = []

afterEach(async () => {
  await sandbox?.close()
  restarts.length = 0
})

async function open(
  options: Partial<IsolateSandboxOptions> = {},
  programs: readonly Program[] = good,
): Promise<IsolateSandbox> {
  const opened = await openTestIsolates({ onRestart: reason => restarts.push(reason), ...options })
  sandbox = opened
  for (const program of programs) expect(await opened.load(program)).toMatchObject({ ok: true })
  return opened
}

/** Batch after batch until something is over. */
async function* evaluateDuring(opened: IsolateSandbox, something: Promise<void>): AsyncGenerator<readonly Verdicts[]> {
  const state = { over: false }
  const ending = something.finally(() => (state.over = true))
  while (!state.over) yield await opened.evaluate(batch, ids)
  await ending
}

/** How the kernel schedules its session; empty where it does not. */
const sessionOf = (pid: number): string =>
  existsSync(`/proc/${pid}/autogroup`) ? readFileSync(`/proc/${pid}/autogroup`, 'utf8') : ''

const bitsOf = (verdicts: readonly Verdicts[]): number[][] => verdicts.map(({ passed }) => [...passed])

test('hosts and spares that are killed again and again cost no verdict and no blame', async () => {
  const opened = await open()
  const expected = bitsOf(await opened.evaluate(batch, ids))
  const killing = async (): Promise<void> => {
    for (let round = 0; round < 6; round++) {
      await setTimeout(100)
      for (const pid of opened.hostPids().slice(round % 2)) process.kill(pid, 'SIGKILL')
    }
  }
  for await (const verdicts of evaluateDuring(opened, killing())) {
    expect(verdicts.map(({ failure }) => failure)).toEqual(ids.map(() => undefined))
    expect(bitsOf(verdicts)).toEqual(expected)
  }
  expect(restarts).toContain('outside')
})

test('the posture holds while hosts start, end and are replaced', async () => {
  const opened = await open({}, [])
  const state = { over: false }
  const replacing = async (): Promise<void> => {
    for (const program of good) await opened.load(program)
    for (const pid of opened.hostPids()) process.kill(pid, 'SIGKILL')
    await opened.evaluate(batch, ids)
    await opened.rotate()
    state.over = true
  }
  const looking = async (): Promise<void> => {
    while (!state.over) {
      expect(await opened.posture()).toMatchObject({ ok: true, differences: [] })
      await setTimeout(1)
    }
  }
  await Promise.all([replacing(), looking()])
})

test('a stopped host is replaced, and nobody is blamed', async () => {
  const opened = await open()
  const expected = bitsOf(await opened.evaluate(batch, ids))
  for (const pid of opened.hostPids().slice(0, 1)) process.kill(pid, 'SIGSTOP')
  const slow = javascriptFilter(
    'slow',
    'export function filter() { let n = 0; for (let i = 0; i < 1e4; i++) n += i; return n > 0 }',
  )
  const loading = opened.load(slow)
  const verdicts = await opened.evaluate(batch, ids)
  expect(await loading).toMatchObject({ ok: true })
  expect(bitsOf(verdicts)).toEqual(expected)
  expect(verdicts.some(({ failure }) => failure !== undefined)).toBe(false)
})

test('a planned restart happens between two batches, and all of them are answered', async () => {
  const opened = await open()
  const expected = bitsOf(await opened.evaluate(batch, ids))
  const before = opened.hostPids()[0]
  for await (const verdicts of evaluateDuring(opened, opened.rotate())) expect(bitsOf(verdicts)).toEqual(expected)
  expect(bitsOf(await opened.evaluate(batch, ids))).toEqual(expected)
  expect(opened.hostPids()[0]).not.toBe(before)
  expect(restarts).toEqual(['planned'])
})

test('filters of different trust never share a host, and a quarantined one has its own', async () => {
  const [first, second, third, fourth, fifth] = good as [Program, Program, Program, Program, Program]
  const opened = await open({}, [
    { ...first, trust: 'system' },
    { ...second, trust: 'known' },
    { ...third, trust: 'new' },
    { ...fourth, trust: 'quarantined' },
    { ...fifth, trust: 'quarantined' },
  ])
  // Three hosts at work with a spare each, and one for each quarantined filter.
  await expect.poll(() => new Set(opened.hostPids()).size, { timeout: 10_000 }).toBe(8)
  await opened.unload(fourth.id)
  await expect.poll(() => new Set(opened.hostPids()).size, { timeout: 10_000 }).toBe(7)
})

test('a quarantined filter that is unloaded twice at once leaves the hosts of the others alone', async () => {
  const programs = good.slice(0, 3).map(program => ({ ...program, trust: 'quarantined' as const }))
  const [first = '', ...others] = programs.map(({ id }) => id)
  const opened = await open({}, programs)
  await Promise.all([opened.unload(first), opened.unload(first), opened.unload(first)])
  await opened.rotate()
  // Those that a trust group does not know any more would not have been replaced.
  expect(restarts).toEqual(['planned', 'planned'])
  expect((await opened.evaluate(batch, others)).map(({ failure }) => failure)).toEqual([undefined, undefined])
})

test('a filter that turns slow moves to a host of its own kind, and keeps its verdicts', async () => {
  const opened = await open()
  const slow = javascriptFilter(
    'slow',
    'export const filter = () => { let n = 0; for (let i = 0; i < 20_000; i++) n += i % 3; return n > 0 }',
  )
  await opened.load({ ...slow, limits: { ...slow.limits, batchMs: 10_000 } })
  const before = bitsOf(await opened.evaluate(batch, [...ids, 'slow']))
  // One that works, and its spare.
  await expect.poll(() => opened.hostPids().length, { timeout: 10_000 }).toBe(2)
  const hosts = opened.hostPids().length
  for (let i = 0; i < 40 && opened.hostPids().length === hosts; i++) await opened.evaluate(batch, [...ids, 'slow'])
  await expect.poll(() => opened.hostPids().length, { timeout: 10_000 }).toBe(hosts + 1)
  const judged = await opened.evaluate(batch, [...ids, 'slow'])
  expect(bitsOf(judged)).toEqual(before)
  expect(judged.filter(({ isSlow }) => isSlow).map(({ filter }) => filter)).toEqual(['slow'])
  await opened.unload('slow')
  expect(bitsOf(await opened.evaluate(batch, ids))).toEqual(before.slice(0, -1))
  const niceness = opened.hostPids().map(pid => /(?<=nice )-?\d+/.exec(sessionOf(pid))?.[0] ?? '15')
  expect(niceness).toContain('15')
})

test('the one that hangs is blamed, the others have their verdicts of the same batch, and batches behind it too', async () => {
  const opened = await open()
  const expected = bitsOf(await opened.evaluate(batch, ids))
  const hanging = javascriptFilter(
    'hanging',
    'export const filter = () => [].includes.call({ length: 2 ** 53 - 1 }, 1)',
  )
  await opened.load(hanging)
  const mixed = [...ids.slice(0, 4), 'hanging', ...ids.slice(4)]
  const [first, second] = await Promise.all([opened.evaluate(batch, mixed), opened.evaluate(batch, mixed)])
  for (const verdicts of [first, second]) {
    expect(verdicts[4]).toMatchObject({ filter: 'hanging', failure: { reason: 'timeout' } })
    expect(bitsOf(verdicts.toSpliced(4, 1))).toEqual(expected)
  }
  await expect(opened.evaluate(batch, ['hanging'])).rejects.toMatchObject({ code: 'SANDBOX_FILTER_UNKNOWN' })
  expect(await opened.load({ ...hanging, source: 'export const filter = () => true' })).toMatchObject({ ok: true })
})

test('a host that outgrows its memory group is ended by the kernel, and the filter is told', async () => {
  const opened = await open({ defaults: { hosts: 1, memoryMb: 160 } }, [])
  const greedy = javascriptFilter(
    'greedy',
    'const kept = []\nexport function filter() { for (let i = 0; i < 400; i++) kept.push(new Float64Array(131072).fill(1)); return true }',
  )
  await opened.load({ ...greedy, limits: { ...greedy.limits, memoryMb: 1000, batchMs: 5000 } })
  const [verdicts] = await opened.evaluate(batch, ['greedy'])
  expect(verdicts?.failure).toMatchObject({ reason: 'out-of-memory' })
})

test('closing gives up what is under way and leaves no host', async () => {
  const opened = await open()
  const pids = opened.hostPids()
  const [evaluated] = await Promise.allSettled([opened.evaluate(batch, ids), opened.close()])
  expect(evaluated).toMatchObject({ status: 'rejected', reason: { code: 'SANDBOX_CLOSED' } })
  const alive = (): number[] =>
    pids.filter(pid => {
      try {
        return process.kill(pid, 0)
      } catch {
        return false
      }
    })
  await expect.poll(alive).toEqual([])
})
