// What the leader does for nodes that have joined: log in to each one's broker as the API's user, which it must before filters are placed there.
import { setTimeout as sleep } from 'node:timers/promises'
import { type FastifyBaseLogger } from 'fastify'
import { type NodeRecord } from '../control/node-records.ts'
import { unsealSecrets } from '../nodes/node-access.ts'
import { type Platform } from '../platform.ts'

/** What is shown of an attempt that takes longer; it goes on. */
const PATIENCE_MS = 10_000
/** After an attempt that failed: a node that is still starting is reached soon, and one that never will be costs little. */
const PAUSE_MS = 2000
const MAX_WHY_CHARS = 500

type ReachingPlatform = Pick<Platform, 'controlState' | 'writes' | 'brokers' | 'box' | 'nowMs'>

export interface NodeReacher {
  /** Begins an attempt for each node that was not reached yet and has none under way. */
  round(): void
}

/** A reacher for as long as this instance leads, which ends with the signal. */
export function newNodeReacher(platform: ReachingPlatform, log: FastifyBaseLogger, signal: AbortSignal): NodeReacher {
  /** Addresses that are tried: a dead one holds up no other. */
  const trying = new Set<string>()

  const attempt = async (record: NodeRecord): Promise<void> => {
    const outcome = reach(platform, record)
    const late = sleep(PATIENCE_MS, `it does not answer within ${PATIENCE_MS / 1000} s`, { ref: false })
    const first = await Promise.race([outcome, late])
    if (!signal.aborted) await note(platform, record, first)
    const last = await outcome
    if (last !== first && !signal.aborted) await note(platform, record, last)
    if (last !== undefined) await sleep(PAUSE_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }

  return {
    round() {
      for (const record of platform.controlState.nodes()) {
        const place = `${record.name} ${record.bootstrap}`
        if (!isToBeReached(record) || trying.has(place)) continue
        trying.add(place)
        void attempt(record)
          .catch((error: unknown) =>
            log.warn({ node: record.name, err: error }, 'it is not known whether it was reached'),
          )
          .finally(() => trying.delete(place))
      }
    },
  }
}

const isToBeReached = ({ state, bootstrap, reachedAt }: NodeRecord): boolean =>
  bootstrap !== '' && reachedAt === undefined && state !== 'removing'

/** Why not; undefined where it was. Throws nothing. */
async function reach({ brokers, box }: ReachingPlatform, record: NodeRecord): Promise<string | undefined> {
  try {
    unsealSecrets(box, record)
  } catch {
    return 'what is kept of it was sealed under another platform key, so the API cannot log in: remove the node and add it anew'
  }
  try {
    await brokers.reach(record.name)
    return undefined
  } catch (error) {
    const { cause, message } = error as Error
    return (cause instanceof Error ? cause.message : message).slice(0, MAX_WHY_CHARS)
  }
}

/** Writes down what came of an attempt, if it says something new of the address that was tried. */
async function note(
  { controlState, writes, nowMs }: ReachingPlatform,
  { name, bootstrap }: NodeRecord,
  why: string | undefined,
): Promise<void> {
  const isNews = (now: NodeRecord | undefined): now is NodeRecord =>
    now !== undefined &&
    now.bootstrap === bootstrap &&
    isToBeReached(now) &&
    (why === undefined || now.unreached !== why)
  if (!isNews(controlState.node(name))) return
  await writes.change(async writer => {
    const now = controlState.node(name)
    if (!isNews(now)) return
    const { unreached: _before, ...rest } = now
    await writer.node({
      ...rest,
      ...(why === undefined ? { reachedAt: new Date(nowMs()).toISOString() } : { unreached: why }),
    })
  })
}
