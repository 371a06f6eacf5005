// What a node knows of alerts that never reached it: those of before, then each as it is noticed.
import { type BrokerAccess, openControlLog } from '#hub'
import { NODE_TOPICS } from '../node/node-topics.ts'
import { decodeGap, type MirrorGap } from './gap-record.ts'

export interface MirrorGapsOptions {
  /** The node, as a user that may read the topic of gaps. */
  readonly access: BrokerAccess
  readonly clientId: string
  /** Each range once; one that has grown again, with all of it. */
  readonly onGap: (gap: MirrorGap) => void
  readonly onProblem: (error: unknown) => void
}

/** Resolves when what is recorded was told. Throws HubError where the node lacks the topic. */
export const followMirrorGaps = async (options: MirrorGapsOptions): Promise<{ close(): Promise<void> }> =>
  openControlLog({
    ...options,
    topic: NODE_TOPICS.mirrorGaps,
    parse: decodeGap,
    onChange: ({ value }) => {
      if (value !== undefined) options.onGap(value)
    },
  })
