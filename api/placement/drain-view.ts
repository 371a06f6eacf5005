// How far a drain is, as people see it.
import { Type, type Static } from 'typebox'
import { type DrainStep } from './drain.ts'

/** So many are named; the others are as many as are left. */
const MAX_STUCK = 50

export const DrainView = Type.Object({
  left: Type.Integer({ description: 'filters that are placed there still' }),
  moving: Type.Integer({ description: 'of these, on their way' }),
  finishing: Type.Integer({ description: 'filters that have gone, while it finishes the visits it had begun' }),
  finishedAt: Type.Optional(Type.String({ description: 'until when, at the latest' })),
  readable: Type.Integer({ description: 'filters that have gone, whose earlier deliveries can still be read there' }),
  readableUntil: Type.Optional(Type.String({ description: 'until when, at the latest; they go with the node' })),
  stuck: Type.Array(Type.Object({ filter: Type.String(), name: Type.String(), why: Type.String() }), {
    description: 'filters that cannot move now, 50 at most, and what keeps each',
  }),
})
export type DrainView = Static<typeof DrainView>

export function drainView({
  left,
  moving,
  finishing,
  finishedAt,
  readable,
  readableUntil,
  stuck,
}: DrainStep): DrainView {
  return {
    left,
    moving,
    finishing,
    ...(finishedAt === undefined ? {} : { finishedAt }),
    readable,
    ...(readableUntil === undefined ? {} : { readableUntil }),
    stuck: stuck.slice(0, MAX_STUCK).map(one => ({ ...one })),
  }
}
