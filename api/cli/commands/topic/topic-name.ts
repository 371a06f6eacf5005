// A topic by its own name, or by that of its filter or stream.
import type { Client } from '../../connection/api-client.ts'
import { findFilter } from '../filter/find-filter.ts'

/** A topic as the API lists it. */
export interface Topic {
  readonly name: string
  readonly kind: string
  readonly of: string
  readonly bootstrap: string | null
}

/** The topic of that name, or of the filter or stream of that name or id. */
export async function topicNamed(client: Client, wanted: string): Promise<string> {
  if (wanted.startsWith('filter.')) return wanted
  const topics = await client.list<Topic>('/v1/topics')
  const found = topics.find(({ name, of }) => name === wanted || of === wanted)
  return found?.name ?? (await findFilter(client, wanted)).topic
}
