import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { afterDeath } from './back-off.ts'
import { Supervisor, type ProcessEvent, type ProcessSpec } from './supervisor.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'skysieve-supervisor-'))
const env = { PATH: '/usr/bin:/bin' }
const never = new AbortController().signal

const until = async (what: () => boolean): Promise<void> => {
  while (!what()) await sleep(20)
}
const shell = (name: string, script: string, ready: ProcessSpec['ready'] = async () => undefined): ProcessSpec => ({
  name,
  command: async () => ({ command: 'sh', args: ['-c', script], env, cwd: '/' }),
  ready,
})
const notReady = (signal: AbortSignal): Promise<void> => sleep(60_000, undefined, { signal })
const hasty: typeof afterDeath = deaths => ({ ...afterDeath(deaths), delayMs: 0 })
const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))

test('a process that dies is started again and its death is told with its last lines', async () => {
  const dir = folder()
  const events: ProcessEvent[] = []
  const supervisor = new Supervisor(dir, event => events.push(event))
  const script = `if [ -e ${dir}/once ]; then exec sleep 60; fi; sleep 0.2; touch ${dir}/once; echo out of luck; exit 3`
  await supervisor.start(shell('worker', script), never)
  await until(() => events.filter(({ type }) => type === 'ready').length === 2)
  const death = events.find(event => event.type === 'died')
  expect(death).toMatchObject({ name: 'worker', how: 'exit code 3', delayMs: 500, lines: ['out of luck'] })
  await supervisor.stop(['worker'], 1000)
})

test('one that keeps dying fails the start with its last lines', async () => {
  const supervisor = new Supervisor(folder(), () => undefined, hasty)
  const start = supervisor.start(shell('api', 'echo no such setting: prot; exit 2', notReady), never)
  await expect(start).rejects.toThrow(/api keeps ending \(exit code 2\)[^]*no such setting: prot/)
})

test('what a log says about the end of its process is told with it', async () => {
  const events: ProcessEvent[] = []
  const supervisor = new Supervisor(folder(), event => events.push(event))
  const explain = (lines: readonly string[]): string | undefined =>
    lines.some(line => line.includes('No space left')) ? 'Free space on its disk' : undefined
  const spec = shell('broker', 'sleep 0.1; echo No space left on device; exit 1')
  await supervisor.start({ ...spec, explain }, never)
  await until(() => events.some(({ type }) => type === 'died'))
  expect(events.find(event => event.type === 'died')).toMatchObject({ how: 'exit code 1. Free space on its disk' })
  await supervisor.stop(['broker'], 1000)
})

test('the process id of a kept process is known, and after a death that of the next one', async () => {
  const supervisor = new Supervisor(folder(), () => undefined, hasty)
  await supervisor.start(shell('worker', 'exec sleep 60'), never)
  const first = supervisor.pid('worker') ?? 0
  expect(isAlive(first)).toBe(true)
  process.kill(first, 'SIGKILL')
  await until(() => ![undefined, first].includes(supervisor.pid('worker')))
  await supervisor.stop(['worker'], 1000)
  expect(supervisor.pid('worker')).toBeUndefined()
})

/** As a patient machine's, in tenths of seconds. */
const quick = { everyMs: 20, slowMs: 100, stillMs: 300, limitMs: 60_000 }

test('one that is slow to get ready is waited for, and its reason is told once', async () => {
  const events: ProcessEvent[] = []
  const supervisor = new Supervisor(folder(), event => events.push(event), hasty, quick)
  const ready: ProcessSpec['ready'] = async (_, say) => {
    say('its disk is slow')
    await until(() => events.some(({ type }) => type === 'waiting'))
    await sleep(3 * quick.stillMs)
  }
  await supervisor.start(shell('slow', 'while :; do :; done', ready), never)
  expect(events.map(({ type }) => type)).toEqual(['starting', 'waiting', 'ready'])
  expect(events[1]).toMatchObject({ name: 'slow', reason: 'its disk is slow' })
  await supervisor.stop(['slow'], 1000)
})

test('one that does nothing and is not ready is ended and started again', async () => {
  const dir = folder()
  const events: ProcessEvent[] = []
  const supervisor = new Supervisor(dir, event => events.push(event), hasty, quick)
  const ready: ProcessSpec['ready'] = async (signal, say) => {
    say('no answer on its port')
    if (!events.some(({ type }) => type === 'died')) await notReady(signal)
  }
  await supervisor.start(shell('stuck', 'exec sleep 60', ready), never)
  expect(events.find(({ type }) => type === 'died')).toMatchObject({
    how: 'not ready, and it has done nothing for 0.3 s: no answer on its port',
  })
  await supervisor.stop(['stuck'], 1000)
})

test('a watched fault ends a process with its reason, and it comes back', async () => {
  const events: ProcessEvent[] = []
  const supervisor = new Supervisor(folder(), event => events.push(event))
  let faults = 0
  const watch: ProcessSpec['watch'] = ({ restart }) => {
    if (faults++ === 0) restart('a task has failed')
  }
  await supervisor.start({ ...shell('mirror', 'exec sleep 60'), watch }, never)
  await until(() => events.filter(({ type }) => type === 'ready').length === 2)
  expect(events.find(event => event.type === 'died')).toMatchObject({ how: 'a task has failed' })
  await supervisor.stop(['mirror'], 1000)
})

test('a stop while a process is not ready yet is not kept waiting, and ends the process', async () => {
  const dir = folder()
  const supervisor = new Supervisor(dir, () => undefined)
  const stop = new AbortController()
  const start = supervisor.start(shell('slow', `echo $$ > ${dir}/pid; exec sleep 60`, notReady), stop.signal)
  await until(() => existsSync(join(dir, 'pid')))
  stop.abort(new Error('Ctrl-C'))
  await expect(start).rejects.toThrow('Ctrl-C')
  await supervisor.stop(supervisor.names, 1000)
  expect(isAlive(Number(readFileSync(join(dir, 'pid'), 'utf8')))).toBe(false)
})

test('stopping is SIGTERM, then SIGKILL for what does not end, and takes the children’s children along', async () => {
  const dir = folder()
  const supervisor = new Supervisor(dir, () => undefined)
  const ready = (): Promise<void> => until(() => existsSync(join(dir, 'grandchild')))
  const script = `trap '' TERM; sleep 60 & echo $! > ${dir}/pid; mv ${dir}/pid ${dir}/grandchild; while :; do sleep 1; done`
  await supervisor.start(shell('stubborn', script, ready), never)
  const grandchild = Number(readFileSync(join(dir, 'grandchild'), 'utf8'))
  await supervisor.stop(['stubborn'], 300)
  await until(() => !isAlive(grandchild))
  expect(supervisor.names).toEqual([])
})

test('kill -9 of the launcher leaves nothing running', async () => {
  const dir = folder()
  const module = join(import.meta.dirname, 'supervisor.ts')
  const script = `import { Supervisor } from ${JSON.stringify(module)}
    const supervisor = new Supervisor(${JSON.stringify(dir)}, () => {})
    const command = async () => ({ command: 'sh', args: ['-c', 'echo $$ > ${dir}/pid; exec sleep 60'], env: { PATH: '/usr/bin:/bin' }, cwd: '/' })
    await supervisor.start({ name: 'child', command, ready: async () => {} }, new AbortController().signal)
    console.log('up')
    setInterval(() => {}, 1000)`
  const launcher = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise(resolve => launcher.stdout.once('data', resolve))
  await until(() => existsSync(join(dir, 'pid')) && readFileSync(join(dir, 'pid'), 'utf8').endsWith('\n'))
  const child = Number(readFileSync(join(dir, 'pid'), 'utf8'))
  expect(isAlive(child)).toBe(true)
  launcher.kill('SIGKILL')
  await until(() => !isAlive(child))
})
