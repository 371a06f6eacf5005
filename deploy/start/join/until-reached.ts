// A node that has joined is of use when the API reaches its broker: it is asked until it has, and the operator is told why it has not.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Identity } from './identity.ts'
import { type JoinContext, joinWith } from './join-node.ts'

const PAUSE_MS = 3000

/** At once for a node of which that is known. Throws as joinWith. */
export const untilReached = async (identity: Identity, context: JoinContext, pauseMs = PAUSE_MS): Promise<void> => {
  let told: string | undefined
  for (let { answer } = identity; !answer.reached; { answer } = await joinWith(identity.token, context)) {
    if (answer.why !== undefined && answer.why !== told)
      context.note(
        `the hub does not reach this node at ${identity.address.host}:${identity.address.port}: ${answer.why}`,
      )
    told = answer.why
    await sleep(pauseMs, undefined, { signal: context.signal })
  }
}
