// Topics of the hub that were made through the API, as they leave it.
import { Type, type Static } from 'typebox'
import { type TopicRecord } from '../../control/account-records.ts'

const Time = Type.String({ format: 'date-time' })

export const HubTopicView = Type.Object({
  name: Type.String(),
  owners: Type.Array(Type.String()),
  partitions: Type.Integer(),
  retentionMs: Type.Integer(),
  /** Of each partition; -1 is without a bound. */
  retentionBytes: Type.Integer(),
  maxMessageBytes: Type.Integer(),
  createdAt: Time,
})
export const hubTopicView = ({ kind: _kind, state: _state, ...topic }: TopicRecord): Static<typeof HubTopicView> =>
  topic
