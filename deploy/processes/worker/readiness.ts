// Why a worker is ready or not: shards, lag, the sandbox's posture, and the control topics it lives by.
import { type WorkerHealth } from '#filters'
import { type Check } from '../ops-server.ts'
import { sandboxCheck } from '../process-sandbox.ts'

export interface Following {
  readonly topic: string
  readonly problem: string | undefined
}

const check = (name: string, reason: string | undefined): Check =>
  reason === undefined ? { name, ok: true } : { name, ok: false, reason }

/** The checks of /readyz. A worker without a shard is ready: it is a spare of its mirror. */
export function workerChecks(
  { shards, lanes, posture }: WorkerHealth,
  following: readonly Following[],
  maxLagAlerts: number,
): readonly Check[] {
  const down = shards.filter(({ isUp }) => !isUp)
  const behind = lanes.filter(({ lane, lagAlerts }) => lane.startsWith('live.') && lagAlerts > maxLagAlerts)
  return [
    check(
      'shards',
      down.length === 0
        ? undefined
        : `being restored: ${down.map(({ shard, lastFailure }) => `${shard}${lastFailure === undefined ? '' : ` (${lastFailure})`}`).join(', ')}`,
    ),
    check(
      'lag',
      behind.length === 0
        ? undefined
        : behind.map(({ lane, lagAlerts }) => `${lane} is ${lagAlerts} alerts behind`).join(', '),
    ),
    sandboxCheck(posture),
    ...following.map(({ topic, problem }) => check(topic, problem)),
  ]
}
