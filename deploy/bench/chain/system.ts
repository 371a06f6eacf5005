// The system a chain is measured on: what `skysieve start` starts, with one node or more, kept by the same supervisor in this process.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { type Layout } from '../../start/layout/layout.ts'
import { startOptions } from '../../start/layout/options.ts'
import { runPlan } from '../../start/run-plan.ts'
import { checkPorts } from '../../start/layout/ports.ts'
import { prepare } from '../../start/start-system.ts'
import { Supervisor } from '../../start/supervise/supervisor.ts'
import { stopOrder } from '../../start/stop-order.ts'
import { systemPlan } from '../../start/system-plan.ts'

export interface ChainSystemOptions {
  readonly dataDir: string
  readonly portBase: number
  /** 1 by default. */
  readonly nodes?: number
  /** Alert topics keep eight visits of so many alerts. */
  readonly alerts: number
  readonly note: (text: string) => void
  /** Of the process: where programs are found. */
  readonly env: NodeJS.ProcessEnv
}

export interface ChainSystem {
  readonly layout: Layout
  readonly supervisor: Supervisor
  readonly stop: () => Promise<void>
}

/** Starts it and resolves when everything is ready. Throws DeployError; nothing is left running. */
export async function startChainSystem(options: ChainSystemOptions, signal: AbortSignal): Promise<ChainSystem> {
  const { dataDir, portBase, nodes = 1, alerts, note, env } = options
  const numbers = { '--port-base': portBase, '--nodes': nodes, '--alerts': alerts }
  const flags = ['--data-dir', dataDir, ...Object.entries(numbers).flatMap(([flag, value]) => [flag, String(value)])]
  const settings = startOptions([...flags, '--no-simulator', '--no-python', '--no-archive'], process.cwd())
  if (settings === undefined) throw new TypeError('a bench asks for no help')
  await checkPorts(portBase, settings.nodes, settings.shards)
  const layout = await prepare(settings, env)
  const supervisor = new Supervisor(layout.machine.dirs.logs, event => {
    if (event.type === 'died') note(`${event.name} ended: ${event.how}`)
  })
  const stop = async (): Promise<void> => {
    for (const { names, limitMs } of stopOrder(supervisor.names)) await supervisor.stop(names, limitMs)
  }
  try {
    await runPlan(systemPlan(layout, supervisor, note), signal)
  } catch (error) {
    await stop()
    throw error
  }
  return { layout, supervisor, stop }
}

const Placement = Type.Object({ mirror: Type.String() })
const View = Type.Object({
  id: Type.String(),
  name: Type.String(),
  stage: Type.String(),
  stream: Type.String(),
  placement: Type.Union([Placement, Type.Null()]),
})
const Page = Type.Object({ items: Type.Array(View) })
type View = Static<typeof View>

const AT_ONCE = 4
const PAUSE_MS = 500
/** Without another filter that is live. */
const LIVE_LIMIT_MS = 120_000
const TOO_MANY = 429

async function call(layout: Layout, path: string, init: RequestInit = {}): Promise<unknown> {
  const { apiUrl, secrets } = layout.hub
  const headers = { authorization: `Bearer ${secrets.adminToken}`, 'content-type': 'application/json' }
  const response = await fetch(`${apiUrl}${path}`, { headers, ...init })
  if (response.status === TOO_MANY) {
    await sleep(1000 * Number(response.headers.get('retry-after') ?? 1))
    return call(layout, path, init)
  }
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

async function listFilters(layout: Layout): Promise<readonly View[]> {
  const page = await call(layout, '/v1/filters?limit=200')
  if (!Value.Check(Page, page)) throw new Error(`the API lists filters in another form: ${JSON.stringify(page)}`)
  return page.items
}

/** Ids of a stream's live filters by the node they run on, the examples among them. */
export async function liveFilters(layout: Layout, of: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const live = (await listFilters(layout)).filter(({ stage, stream }) => stage === 'live' && stream === of)
  return new Map(
    [...Map.groupBy(live, ({ placement }) => placement?.mirror ?? '')].map(([node, views]) => [
      node,
      views.map(({ id }) => id),
    ]),
  )
}

/** Submits filters with these sources and waits until all are live; gives their ids. */
export async function submitBenchFilters(
  layout: Layout,
  sources: readonly string[],
  policy: 'first' | 'best',
): Promise<readonly string[]> {
  let next = 0
  const submit = async (): Promise<void> => {
    while (next < sources.length) {
      const number = next++
      const submission = {
        name: `bench-${number}`,
        stream: 'lsst',
        language: 'javascript',
        source: sources[number],
        cap: 20,
        policy,
      }
      await call(layout, '/v1/filters', { method: 'POST', body: JSON.stringify(submission) })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, submit))
  let changed = { atMs: performance.now(), live: 0 }
  for (;;) {
    const mine = (await listFilters(layout)).filter(({ name }) => name.startsWith('bench-'))
    const waiting = mine.filter(({ stage }) => stage !== 'live')
    if (waiting.length === 0 && mine.length >= sources.length) return mine.map(({ id }) => id)
    const live = mine.length - waiting.length
    if (live > changed.live) changed = { atMs: performance.now(), live }
    if (performance.now() - changed.atMs > LIVE_LIMIT_MS)
      throw new Error(`not live: ${waiting.map(({ name, stage }) => `${name} (${stage})`).join(', ')}`)
    await sleep(PAUSE_MS)
  }
}
