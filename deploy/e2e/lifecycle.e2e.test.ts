// Starts and ends of whole systems: refused, killed, continued, side by side.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openSyntheticSource } from '#hub'
import { stopAsBeforeJoins } from './before-joins.ts'
import { filters, filterNamed, subscribe } from './client.ts'
import { readAll } from './readers.ts'
import { readersFolder, readmeCommands, runLine } from './readme-commands.ts'
import { freePortBase, runLauncher, startSystem, type RunningSystem } from './running-system.ts'
import { until } from './until.ts'

const SMALL = ['--nodes', '1', '--alerts', '60', '--interval', '3']
const dataDir = mkdtempSync(join(tmpdir(), 'skysieve-e2e-life-'))
const otherDir = mkdtempSync(join(tmpdir(), 'skysieve-e2e-other-'))
const running = new Set<RunningSystem>()

afterAll(async () => {
  for (const system of running) await system.stop()
  for (const dir of [dataDir, otherDir]) rmSync(dir, { recursive: true, force: true })
})

const begin = async (dir: string, portBase: number, options: readonly string[]): Promise<RunningSystem> => {
  const system = await startSystem(dir, portBase, options)
  running.add(system)
  return system
}

/** Processes whose command line or working directory names the directory, besides those of this test. */
const processesOf = (dir: string): readonly string[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap(pid => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return command.includes(dir) ? [`${pid} ${command}`] : []
      } catch {
        return []
      }
    })

const visitsDelivered = async (system: RunningSystem): Promise<readonly string[]> => {
  const { topic } = await filterNamed(system, 'variable-star')
  const subscriber = await subscribe(system, topic)
  const all = await readAll(subscriber, topic, subscriber.groupPrefix)
  return all.map(({ headers }) => `${headers['skysieve-visit']}/${headers['skysieve-alert']}`)
}

test('a system starts, refuses a second launcher, survives kill -9 without remains, and goes on where it was', async () => {
  const portBase = await freePortBase(1)
  const first = await begin(dataDir, portBase, SMALL)
  const before = await until('deliveries', 240_000, async () => {
    const found = await visitsDelivered(first)
    return found.length > 0 ? found : undefined
  })

  const second = runLauncher(['start', '--data-dir', dataDir, '--port-base', String(portBase + 200)])
  expect(await second.ended).toBe(1)
  expect(second.output()).toMatch(/A system already runs from .* \(process \d+\)/)

  const blocked = runLauncher(['start', '--data-dir', otherDir, '--port-base', String(portBase)])
  expect(await blocked.ended).toBe(1)
  expect(blocked.output()).toMatch(new RegExp(`port ${portBase} \\(broker\\).*--port-base \\d+`))

  first.launcher.kill('SIGKILL')
  running.delete(first)
  await until(
    'the end of every process',
    60_000,
    async () => (processesOf(dataDir).length === 0 ? true : undefined),
    () => processesOf(dataDir).join('\n'),
  )

  const again = await begin(dataDir, portBase, SMALL)
  console.log(`second start in ${(again.startedInMs / 1000).toFixed(1)} s`)
  expect(again.secrets).toEqual(first.secrets)
  const after = await until('deliveries of later visits', 240_000, async () => {
    const found = await visitsDelivered(again)
    return found.length > before.length + 20 ? found : undefined
  })
  expect(new Set(after).size, 'no alert twice').toBe(after.length)
  expect(
    before.filter(delivery => !after.includes(delivery)),
    'nothing lost',
  ).toEqual([])
})

test('a directory from before nodes joined goes on with its filters, its topics and all it had delivered', async () => {
  const [system] = running
  if (system === undefined) throw new Error('the system that was started again does not run')
  const filter = await filterNamed(system, 'variable-star')
  const before = await visitsDelivered(system)
  running.delete(system)
  await stopAsBeforeJoins(system, 1)

  const again = await begin(dataDir, system.portBase, SMALL)
  expect(await filterNamed(again, 'variable-star')).toMatchObject({ id: filter.id, placement: filter.placement })
  const after = await until('deliveries of later visits', 240_000, async () => {
    const found = await visitsDelivered(again)
    return found.length > before.length + 20 ? found : undefined
  })
  expect(new Set(after).size, 'no alert twice').toBe(after.length)
  expect(
    before.filter(delivery => !after.includes(delivery)),
    'nothing lost',
  ).toEqual([])
  expect(again.node(1).password).not.toBe(again.hub.password)
})

test('what the README tells a reader to type works, in this order', async () => {
  const [system] = running
  if (system === undefined) throw new Error('the system that was started again does not run')
  const folder = readersFolder(system, 'README.md')
  const alert = String(openSyntheticSource().packet(0, 0).alertId)
  const lines = readmeCommands('README.md')
  expect(lines.length).toBeGreaterThan(5)
  for (const line of lines) {
    const { code, output } = await until(`an answer to ${line}`, 240_000, async () => {
      const answer = await runLine(system, folder, line, alert)
      // A filter that is still being checked has no topic yet.
      return answer.code !== 0 && /Try again when it is live/.test(answer.output) ? undefined : answer
    })
    expect([line, code, output]).toEqual([line, 0, output])
  }
})

test('a second system runs beside the first, and both stop in order within 15 s', async () => {
  const other = await begin(otherDir, await freePortBase(1), ['--nodes', '1', '--no-simulator', '--no-python'])
  expect((await filters(other)).map(({ name }) => name)).toContain('asteroids')
  for (const system of running) {
    const began = performance.now()
    expect(await system.stop()).toBe(0)
    expect(performance.now() - began).toBeLessThan(15_000)
    expect(processesOf(system.dataDir)).toEqual([])
    running.delete(system)
  }
})
