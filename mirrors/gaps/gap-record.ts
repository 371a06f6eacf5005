// A record of skysieve.mirror-gaps: alerts that had left the hub before MirrorMaker copied them to this node.
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { MirrorError } from '../errors.ts'
import { type LostRange } from '../mirror-maker/lost-range.ts'

/** A lost range of the hub's offsets, with its times where they are known. */
export interface MirrorGap extends LostRange {
  /** When it was noticed; ms since 1970. */
  readonly atMs: number
  /** Record timestamp of the newest alert before it that the node has; ms since 1970. */
  readonly sinceMs?: number | undefined
  /** Record timestamp of the first alert after it that the hub had. */
  readonly untilMs?: number | undefined
}

const Offset = Type.String({ pattern: '^[0-9]{1,19}$' })
const GapJson = Type.Object({
  topic: Type.String({ maxLength: 249 }),
  partition: Type.Integer({ minimum: 0 }),
  from: Offset,
  to: Offset,
  atMs: Type.Number(),
  sinceMs: Type.Optional(Type.Number()),
  untilMs: Type.Optional(Type.Number()),
})

/** One range has one key, however often it is noticed; a range that grew while MirrorMaker was restarted replaces the shorter one. */
export const gapKey = ({ topic, partition, from }: LostRange): string => `${topic}/${partition}/${from}`

export const encodeGap = ({ from, to, ...gap }: MirrorGap): string =>
  JSON.stringify({ ...gap, from: String(from), to: String(to) })

/** Throws MirrorError MIRROR_GAP_RECORD for anything else. */
export const decodeGap = (bytes: Buffer): MirrorGap => {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch {
    value = undefined
  }
  if (!Value.Check(GapJson, value))
    throw new MirrorError('MIRROR_GAP_RECORD', 'A record of skysieve.mirror-gaps is not one of a gap; it is ignored')
  return { ...value, from: BigInt(value.from), to: BigInt(value.to) }
}
