// The feed alone, in a process of its own: what of a worker's CPU is fetching.
import { collectRarely } from '#hub'
import { openFeed } from '#mirrors'
import { type FetchTask } from './tasks.ts'

collectRarely()

async function run({ access, topic, alerts }: FetchTask): Promise<{ readonly cpuUsPerAlert: number }> {
  const stop = new AbortController()
  const feed = await openFeed({ access, topic, clientId: 'bench', from: 'earliest', signal: stop.signal })
  let seen = 0
  let before = process.cpuUsage()
  for await (const item of feed) {
    if (item.kind === 'gap') continue
    if (seen === 0) before = process.cpuUsage()
    seen += item.packets.length
    item.release()
    if (seen >= alerts) break
  }
  const { user, system } = process.cpuUsage(before)
  return { cpuUsPerAlert: Math.round((user + system) / alerts) }
}

process.once('message', message => {
  void run(message as FetchTask).then(outcome => process.send?.(outcome, () => process.exit(0)))
})
