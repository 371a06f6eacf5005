// One machine of a cell in a chaos run, as a process of its own on that machine's network: its broker, its MirrorMaker and its worker, kept as a started node
// keeps them. When it is killed they end with it. `main.ts FILE`, where FILE holds a MachinePlan.
import { readFileSync } from 'node:fs'
import { openMachine } from '../../../start/launcher.ts'
import { startOptions } from '../../../start/layout/options.ts'
import { lonePorts } from '../../../start/layout/ports.ts'
import { nodePlan } from '../../../start/node-plan.ts'
import { runPlan } from '../../../start/run-plan.ts'
import { stopOrder } from '../../../start/stop-order.ts'
import { Supervisor } from '../../../start/supervise/supervisor.ts'
import { withQuickJava } from '../../system/quick-java.ts'
import { type MachineLine, type MachinePlan } from '../machine-plan.ts'

/** Of each Java program: six of them are there at once. */
const HEAP_MB = 320

const say = (line: MachineLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as MachinePlan
const { dataDir, node, identity } = plan
const options = startOptions(['--data-dir', dataDir, '--no-python'], '/')
if (options === undefined) throw new TypeError('a machine asks for no help')
const machine = withQuickJava(await openMachine(options, process.env, lonePorts(options.portBase).engineOps), HEAP_MB)
const supervisor = new Supervisor(machine.dirs.logs, event => say({ event }))
const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
const note = (text: string): void => say({ note: text })
try {
  await runPlan(
    nodePlan({ machine, supervisor, note }, node, { after: [], run: async () => identity }, []),
    stop.signal,
  )
  say({ ready: true })
  if (!stop.signal.aborted)
    await new Promise<void>(resolve => stop.signal.addEventListener('abort', () => resolve(), { once: true }))
} finally {
  for (const { names, limitMs } of stopOrder(supervisor.names)) await supervisor.stop(names, limitMs)
}
process.exit()
