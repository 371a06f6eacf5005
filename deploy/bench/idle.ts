// npm run bench -- idle [--nodes 1] [--seconds 60] [--settle 600] [--python]: the CPU that a system takes which has played everything and has
// nothing to do, by process, in per cent of a core. It is started as a user starts it, plays two small visits, and is measured when its
// use no longer falls: Java compiles its code for some minutes after a start.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { cpuSeconds, descendants } from '#filters'
import { ROOT } from '../paths.ts'
import { freeBase } from '../start/layout/ports.ts'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    settle: { type: 'string', default: '600' },
    alerts: { type: 'string', default: '300' },
    python: { type: 'boolean', default: false },
  },
})
const VISITS = 2
const INTERVAL_S = 10
const WINDOW_S = 60
/** A window that takes at least this share of the one before is not falling any more. */
const STEADY = 0.9
const PLAYED = 'everything is played'
const LOWEST_BASE = 29_000
const MS = 1000

const dataDir = mkdtempSync(join(tmpdir(), 'sky-idle-'))
const portBase = await freeBase(LOWEST_BASE, Number(values.nodes))
if (portBase === undefined) throw new Error(`no free ports from ${LOWEST_BASE} on`)
const options = {
  '--nodes': values.nodes,
  '--data-dir': dataDir,
  '--port-base': String(portBase),
  '--visits': String(VISITS),
  '--alerts': values.alerts,
  '--interval': String(INTERVAL_S),
}
const argv = ['start', ...Object.entries(options).flat(), ...(values.python ? [] : ['--no-python'])]
const launcher = spawn(process.execPath, [join(ROOT, 'deploy/bin/skysieve.mjs'), ...argv], {
  cwd: ROOT,
  stdio: ['ignore', 'pipe', 'inherit'],
})
let output = ''
launcher.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
const ended = new Promise(resolve => launcher.once('exit', resolve))
const alive = (): void => {
  if (launcher.exitCode !== null) throw new Error(`the system ended:\n${output}`)
}
const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) {
    alive()
    await sleep(MS)
  }
}
const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** What the launcher calls it; else its program. */
function nameOf(pid: number): string {
  const command = textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
  const [, own] = /--config \S*\/([\w-]+)\.json/.exec(command) ?? []
  const [, broker] = /\/(\w+)\/server\.properties/.exec(command) ?? []
  const [, mirror] = /MirrorMaker .*--clusters (\w+)/.exec(command) ?? []
  if (broker !== undefined) return `${broker}-broker`
  if (mirror !== undefined) return `${mirror}-mirror`
  return own ?? basename(command.split(' ')[0] ?? '')
}

/** Every process of the launcher's, itself apart, with all below it. */
function groups(launcherPid: number): Map<string, readonly number[]> {
  const parentOf = (pid: number): number => Number(/^PPid:\s+(\d+)$/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0)
  const children = descendants(launcherPid).filter(pid => parentOf(pid) === launcherPid)
  return new Map<string, readonly number[]>([
    ['launcher', [launcherPid]],
    ...children.map(pid => [nameOf(pid), [pid, ...descendants(pid)]] as const),
  ])
}

const usedBy = (of: ReadonlyMap<string, readonly number[]>): Map<string, number> =>
  new Map([...of].map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)]))

const round = (value: number): number => Math.round(value * 100) / 100

/** Per cent of a core, by process. */
async function measure(launcherPid: number, seconds: number): Promise<Record<string, number>> {
  const of = groups(launcherPid)
  const before = usedBy(of)
  const beganMs = performance.now()
  await sleep(seconds * MS)
  alive()
  const tookS = (performance.now() - beganMs) / MS
  const used = [...usedBy(of)].map(
    ([name, cpu]) => [name, round((100 * (cpu - (before.get(name) ?? 0))) / tookS)] as const,
  )
  return Object.fromEntries(used.toSorted(([, a], [, b]) => b - a))
}
const totalOf = (used: Record<string, number>): number => round(Object.values(used).reduce((sum, one) => sum + one, 0))

try {
  await until(() => output.includes('Skysieve runs'))
  await until(() => textOf(join(dataDir, 'logs/simulator.log')).includes(PLAYED))
  if (values.python) await until(() => output.includes('Python filters run now') || output.includes('do not run'))
  const pid = Number(textOf(join(dataDir, 'launcher.pid')))
  const beganMs = performance.now()
  const totals: number[] = []
  for (let last = Infinity; (performance.now() - beganMs) / MS < Number(values.settle);) {
    const total = totalOf(await measure(pid, WINDOW_S))
    totals.push(total)
    console.error(`settling: ${total} % of a core`)
    if (total >= STEADY * last) break
    last = total
  }
  const cpuPercent = await measure(pid, Number(values.seconds))
  console.log(
    JSON.stringify({
      machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`,
      nodes: Number(values.nodes),
      seconds: Number(values.seconds),
      python: values.python,
      settling: totals,
      cpuPercent,
      total: totalOf(cpuPercent),
      targets: { total: 10, broker: 3, own: 1 },
    }),
  )
} finally {
  launcher.kill('SIGINT')
  await ended
  rmSync(dataDir, { recursive: true, force: true })
}
