// One worker in a process of its own, for the engine bench: works through what is stored, from the first packet to the last commit.
import { setTimeout as sleep } from 'node:timers/promises'
import { collectRarely } from '#hub'
import { hosts, openBenchWorker, rssMb } from '../worker/bench-worker.ts'
import { cpuSeconds } from '../worker/process-usage.ts'
import { type Outcome, type Task } from './tasks.ts'

/** Looking at memory costs the measured process CPU. */
const LOOK_MS = 1000

const cpuNow = (brokerPid: number) => {
  const { user, system } = process.cpuUsage()
  return {
    seconds: performance.now() / 1000,
    worker: (user + system) / 1e6,
    hosts: hosts().reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    broker: cpuSeconds(brokerPid),
  }
}

collectRarely()

async function run({ brokerPid, alerts, ...task }: Task): Promise<Outcome> {
  const { worker, sum, close } = await openBenchWorker(task)
  /** Every shard evaluates every alert. */
  const evaluated = async (): Promise<number> => (await sum('skysieve_feed_packets_total')) / task.shards
  const commits = (): Promise<number> => sum('skysieve_commit_seconds', { suffix: '_count' })
  try {
    while ((await evaluated()) === 0) await sleep(2)
    const first = await evaluated()
    const begun = cpuNow(brokerPid)
    let [hostsRssMb, workerRssMb, nextLookMs] = [0, 0, 0]
    while ((await evaluated()) < alerts) {
      await sleep(20)
      if (performance.now() < nextLookMs) continue
      nextLookMs = performance.now() + LOOK_MS
      workerRssMb = Math.max(workerRssMb, rssMb(process.pid))
      hostsRssMb = Math.max(
        hostsRssMb,
        hosts().reduce((sum, pid) => sum + rssMb(pid), 0),
      )
    }
    // Everything is evaluated. Closing commits what waits; the run ends with the last commit, not with the goodbyes that follow.
    const hostsCpu = cpuNow(brokerPid).hosts
    let done = cpuNow(brokerPid)
    let seen = await commits()
    const closing = worker.close()
    const ended = closing.then(() => true)
    while (!(await Promise.race([ended, sleep(5).then(() => false)]))) {
      const now = await commits()
      if (now > seen) done = cpuNow(brokerPid)
      seen = now
    }
    const us = (name: 'worker' | 'hosts' | 'broker', end = done[name]): number =>
      Math.round(((end - begun[name]) * 1e6) / (alerts - first))
    return {
      alertsPerSecond: Math.round((alerts - first) / (done.seconds - begun.seconds)),
      cpuUsPerAlert: { worker: us('worker'), hosts: us('hosts', hostsCpu), broker: us('broker') },
      workerRssMb,
      hostsRssMb,
      deliveries: await sum('skysieve_deliveries_total'),
      commits: seen,
      commitMeanMs: Math.round(((await sum('skysieve_commit_seconds', { suffix: '_sum' })) / Math.max(1, seen)) * 1000),
    }
  } finally {
    await close()
  }
}

process.once('message', message => {
  void run(message as Task).then(outcome => process.send?.(outcome, () => process.exit(0)))
})
