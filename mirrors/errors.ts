// The one error class of this folder. Whatever goes wrong here is ours or the operator's, never a filter author's.

/** Every code and what it means. One line each; a new code goes under the heading of the part that throws it. */
export const MIRROR_ERRORS = {
  // Feed
  MIRROR_FEED_TOPIC: 'The topic to read does not exist on the node, or has no partition that was asked for.',
  MIRROR_FEED_AHEAD: 'A position lies behind the end of its partition: the topic was made anew or lost records.',
  MIRROR_FEED_READ: 'The local broker refuses to be read in a way that trying again does not mend.',
  MIRROR_FEED_CORRUPT: 'A batch of records cannot be taken apart: its codec is unknown or its bytes are damaged.',
  // Node
  MIRROR_NODE_TOPIC: 'A topic of the node exists with another number of partitions than the node was made with.',
  // Gaps
  MIRROR_GAP_RECORD: 'A record of the topic of gaps is not one of a gap.',
  // MirrorMaker
  MIRROR_MAKER_SETTING: 'A setting of MirrorMaker is not valid.',
  MIRROR_MAKER_DIED: 'The MirrorMaker process ended before it replicated.',
} as const

export type MirrorErrorCode = keyof typeof MIRROR_ERRORS

/** What this folder throws. `code` is stable; `message` says what, where, why and what to do next. */
export class MirrorError extends Error {
  override readonly name = 'MirrorError'
  readonly code: MirrorErrorCode

  constructor(code: MirrorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
