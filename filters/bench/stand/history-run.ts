// One restore in a process of its own, for the history bench.
import { type BrokerAccess, openProducer } from '#hub'
import { restore } from '../../progress/restore.ts'
import { rssMb } from '../worker/bench-worker.ts'

/** `heapMb` is what stays, buffers outside the heap with it; `rssMb` what the process has resident then; `cpuSeconds` what the restore took of a processor. */
export interface Restored {
  readonly heapMb: number
  readonly restoreSeconds: number
  readonly cpuSeconds: number
  readonly rssMb: number
}

interface HistoryTask {
  readonly access: BrokerAccess
  readonly filters: number
}

/** As a worker has it with alert topics that are kept 72 h. */
const PACKET_RETENTION_MS = 84 * 3_600_000
const MB = 1024 * 1024

const usedMb = (): number => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return Math.round((heapUsed + external) / MB)
}

async function run({ access, filters }: HistoryTask): Promise<Restored> {
  const producer = await openProducer(access, { clientId: 'bench', transactionalId: 'bench.history' })
  const beganMs = performance.now()
  const cpu = process.cpuUsage()
  const incarnation = 'bench'
  const shardState = await restore({ access, producer, shard: 0, incarnation, packetRetentionMs: PACKET_RETENTION_MS })
  const restoreSeconds = Math.round((performance.now() - beganMs) / 100) / 10
  const { user, system } = process.cpuUsage(cpu)
  const cpuSeconds = Math.round((user + system) / 1e5) / 10
  if (shardState.filters.size !== filters)
    throw new Error(`${shardState.filters.size} filters came back, not ${filters}`)
  const result = { heapMb: usedMb(), restoreSeconds, cpuSeconds, rssMb: rssMb(process.pid) }
  await producer.close()
  return result
}

process.once('message', message => {
  void run(message as HistoryTask).then(result => process.send?.(result, () => process.exit(0)))
})
