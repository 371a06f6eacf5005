// What a command of the command line costs before it does anything: CPU seconds of the whole process, user and system, beside Node's own.
// Each command runs once in every round, so that a machine that slows down slows all of them. Options: --rounds 9, --node FILE (which Node begins).
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { medianOf } from '#hub'
import { ROOT } from '../paths.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, node: { type: 'string', default: process.execPath } },
})
const rounds = Number(values.rounds)

const skysieve = join(ROOT, 'deploy/bin/skysieve.mjs')
/** Nobody listens at this address: a command that asks the API has done all of its own by then. */
const AWAY = ['--url', 'http://127.0.0.1:1']
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  node: ['-e', '0'],
  '--help': [skysieve, '--help'],
  'filter --help': [skysieve, 'filter', '--help'],
  'filter list': [skysieve, 'filter', 'list', ...AWAY],
  'topic list': [skysieve, 'topic', 'list', ...AWAY],
  status: [skysieve, 'status', ...AWAY],
}

const dir = mkdtempSync(join(tmpdir(), 'skysieve-bench-cli-'))
/** The shell prints its children's user and system time last, each as 0m0.000s. */
const TIMED = '"$@" >/dev/null 2>&1; times'

function cpuSecondsOf(args: readonly string[]): number {
  const { stdout } = spawnSync('sh', ['-c', TIMED, 'sh', values.node, ...args], {
    cwd: dir,
    encoding: 'utf8',
    env: { ...process.env, SKYSIEVE_TOKEN: 'none', XDG_CONFIG_HOME: dir },
  })
  const last = stdout.trim().split('\n').at(-1) ?? ''
  const times = [...last.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => 60 * Number(minutes) + Number(seconds),
  )
  if (times.length !== 2) throw new Error(`The shell did not tell its children's times: ${stdout}`)
  return times.reduce((sum, time) => sum + time, 0)
}

const figures = Object.fromEntries(Object.keys(COMMANDS).map(name => [name, [] as number[]]))
try {
  for (const args of Object.values(COMMANDS)) cpuSecondsOf(args) // Compiled modules are kept from the first run on.
  for (let round = 0; round < rounds; round += 1)
    for (const [name, args] of Object.entries(COMMANDS)) figures[name]?.push(cpuSecondsOf(args))
} finally {
  rmSync(dir, { recursive: true, force: true })
}
const spread = (all: readonly number[]) => ({ median: medianOf(all), min: Math.min(...all), max: Math.max(...all) })
console.log(
  JSON.stringify({
    machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`,
    rounds,
    begunBy: values.node,
    cpuSeconds: Object.fromEntries(Object.entries(figures).map(([name, all]) => [name, spread(all)])),
  }),
)
