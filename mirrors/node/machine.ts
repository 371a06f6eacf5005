// What the machine of a node has and how busy it is at this moment: for the node's reports, by which filters are placed.
import { statfs } from 'node:fs/promises'
import { availableParallelism, cpus, freemem, hostname, totalmem } from 'node:os'

/** One look at a machine. Shares are of all its cores, whoever used them. */
export interface MachineLook {
  readonly name: string
  readonly cores: number
  /** Busy since the look before, 0 to 1; absent at the first. */
  readonly cpuShare?: number
  readonly memoryBytes: number
  /** What programs could still take. */
  readonly memoryFreeBytes: number
  /** Of the disk that the folder is on; absent where that cannot be asked. */
  readonly diskBytes?: number
  readonly diskFreeBytes?: number
}

/** CPU time of a machine since it started, in the kernel's ticks. */
export interface CpuTimes {
  readonly busy: number
  readonly idle: number
}

/** The share between two moments; undefined where no time passed, or the counters began anew. */
export function busyShare(before: CpuTimes, after: CpuTimes): number | undefined {
  const [busy, idle] = [after.busy - before.busy, after.idle - before.idle]
  return busy < 0 || idle < 0 || busy + idle === 0 ? undefined : busy / (busy + idle)
}

function cpuTimes(): CpuTimes {
  let [busy, idle] = [0, 0]
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq
    idle += times.idle
  }
  return { busy, idle }
}

/** Who asks again so soon, e.g. for another shard, gets the same answer: of a shorter time the busy share says little. */
const FRESH_MS = 2000

/** Looks at this machine, and at the disk that `dir` is on. Never rejects. */
export const openMachine = (dir: string): { readonly look: () => Promise<MachineLook> } => {
  let before: CpuTimes | undefined
  let newest: { readonly look: Promise<MachineLook>; readonly atMs: number } | undefined
  const lookNow = async (): Promise<MachineLook> => {
    const times = cpuTimes()
    const cpuShare = before && busyShare(before, times)
    before = times
    const disk = await statfs(dir).catch(() => undefined)
    return {
      name: hostname(),
      cores: availableParallelism(),
      ...(cpuShare === undefined ? {} : { cpuShare }),
      memoryBytes: totalmem(),
      memoryFreeBytes: freemem(),
      ...(disk === undefined ? {} : { diskBytes: disk.blocks * disk.bsize, diskFreeBytes: disk.bavail * disk.bsize }),
    }
  }
  return {
    look: () => {
      const nowMs = performance.now()
      if (newest === undefined || nowMs - newest.atMs >= FRESH_MS) newest = { look: lookNow(), atMs: nowMs }
      return newest.look
    },
  }
}
