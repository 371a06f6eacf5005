// A topic by its own name, or by that of its filter or stream; on one node, where several have it.
import type { Client } from '../../connection/api-client.ts'
import type { Output } from '../../output/output.ts'
import { findFilter } from '../filter/find-filter.ts'

/** A topic as the API lists it. */
export interface Topic {
  readonly name: string
  readonly kind: string
  readonly of: string
  /** The node it lies on; null for the hub's. */
  readonly mirror: string | null
  readonly bootstrap: string | null
}

/** How the API is asked for a topic. */
export interface WantedTopic {
  readonly name: string
  /** The node that was asked for. */
  readonly mirror: string | undefined
  /** `?mirror=…`, where one was. */
  readonly query: string
}

export const MIRROR_OPTION = '--mirror <name>'
export const MIRROR_ABOUT = 'on this node, of a topic that each node has, such as skysieve.dead-letters'

/**
 * The topic of that name, or of the filter or stream of that name or id. Of one that several nodes have it is the first node's unless one is
 * named, and `out` is told so.
 */
export async function topicNamed(
  client: Client,
  wanted: string,
  mirror: string | undefined,
  out: Output,
): Promise<WantedTopic> {
  const query = mirror === undefined ? '' : `?mirror=${encodeURIComponent(mirror)}`
  if (wanted.startsWith('filter.')) return { name: wanted, mirror, query }
  const topics = (await client.list<Topic>('/v1/topics')).filter(({ name, of }) => name === wanted || of === wanted)
  const [found, ...others] = topics
  if (found === undefined) return { name: (await findFilter(client, wanted)).topic, mirror, query }
  if (others.length > 0 && mirror === undefined) {
    const nodes = topics.map(topic => topic.mirror).join(', ')
    out.progress(`${found.name} is on ${nodes}: this is ${found.mirror}’s; others with --mirror NODE`)
  }
  return { name: found.name, mirror, query }
}
