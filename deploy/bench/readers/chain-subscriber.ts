// A process of its own beside the system: has a subscriber note when deliveries are there, and notes itself what the node has committed when.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { PROGRESS_TOPIC } from '#filters'
import { type BrokerAccess, collectRarely, openLogReader } from '#hub'
import { pythonVenvIn } from '../../setup/python-venv.ts'
import { CACHE_DIR } from '../../paths.ts'
import { watchEnds } from '../chain/log-ends.ts'
import { type Received, type Subscription } from '../chain/messages.ts'

const WAIT_MS = 100

type Delivery = Received['deliveries'][number]

collectRarely()

/** The subscriber itself: a Python client, as most astronomers use it. `news` gives what it received since the last time. */
async function subscribe(
  access: BrokerAccess,
  topics: readonly string[],
): Promise<{ news: () => Promise<readonly Delivery[]>; end: () => void }> {
  const python = join(pythonVenvIn(CACHE_DIR), 'bin/python3')
  const child = spawn(python, [join(import.meta.dirname, 'chain_subscriber.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const { bootstrap, user, password } = access
  child.stdin.write(`${JSON.stringify({ bootstrap, user, password, topics })}\n`)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('the subscriber ended')
    return value
  }
  await next()
  return {
    news: async () => {
      child.stdin.write('report\n')
      const received = JSON.parse(await next()) as readonly (Omit<Delivery, 'evaluatedMs'> & { evaluated: string })[]
      return received.map(({ evaluated, ...rest }) => ({ ...rest, evaluatedMs: Date.parse(evaluated) }))
    },
    end: () => child.stdin.end(),
  }
}

async function run({ access, hub, alertTopic, topics, lane }: Subscription): Promise<void> {
  const deliveries: Delivery[] = []
  const commits: Received['commits'][number][] = []
  const subscriber = await subscribe(access, topics)
  const reader = openLogReader(access, { clientId: 'bench', topic: PROGRESS_TOPIC })
  const over = new AbortController()
  const watching = (async () => {
    let next = await reader.end()
    while (!over.signal.aborted) {
      const page = await reader.read(next, WAIT_MS)
      const atMs = Date.now()
      const last = page.records.findLast(({ key }) => key?.toString() === `lane/${lane}`)
      if (last?.value !== undefined && last.value !== null) {
        const { positions } = JSON.parse(last.value.toString()) as Received['commits'][number]
        commits.push({ atMs, positions })
      }
      if (page.next === next) await sleep(1)
      next = page.next
    }
  })()
  const stages = [
    watchEnds({ access: hub, topic: alertTopic, isCommitted: false, signal: over.signal }),
    watchEnds({ access, topic: alertTopic, isCommitted: true, signal: over.signal }),
  ] as const
  const report = async (): Promise<void> => {
    for (const delivery of await subscriber.news()) deliveries.push(delivery)
    process.send?.({ deliveries, commits, onHub: stages[0].ends, onNode: stages[1].ends } satisfies Received)
  }
  process.send?.('ready')
  process.on('message', message => {
    const { report: wanted, stop } = message as { readonly report?: true; readonly stop?: true }
    if (wanted === true) report().catch(fail)
    if (stop !== true) return
    over.abort()
    subscriber.end()
    void watching.then(() => reader.close()).finally(() => process.exit(0))
  })
}

const fail = (error: unknown): void => {
  console.error(error)
  process.exit(1)
}

process.once('message', message => void run(message as Subscription).catch(fail))
