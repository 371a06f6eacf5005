// Where a topic can be read: at one broker, and for a while after a filter has moved at its former ones too. Their deliveries are disjoint.
import type { Client } from '../../connection/api-client.ts'
import type { KafkaUser } from '../../connection/profiles.ts'
import type { WantedTopic } from './topic-name.ts'

/** A source as the API answers it. */
export interface TopicSource {
  readonly mirror: string | null
  readonly bootstrap: string
  /** Of a node that the filter has left. */
  readonly until?: string
  readonly security: { readonly ca?: string }
}

/**
 * Asks again and again for a topic's sources, the present one first. While the API cannot say, as when the present one's node is away, they are what they were
 * last, and at first the user's broker: a reader goes on with all that it reads.
 */
export function openSources(
  client: Client,
  { name, mirror, query }: WantedTopic,
  { bootstrap, ca }: KafkaUser,
): () => Promise<readonly TopicSource[]> {
  const path = `/v1/topics/${encodeURIComponent(name)}${query}`
  let last: readonly TopicSource[] = [{ mirror: mirror ?? null, bootstrap, security: ca === undefined ? {} : { ca } }]
  return async () => {
    const page = await client.call<{ readonly sources: readonly TopicSource[] }>('GET', path).catch(() => undefined)
    if (page !== undefined && page.sources.length > 0) last = page.sources
    return last
  }
}

/** What people are told of the former ones. */
export const earlierText = (sources: readonly TopicSource[]): string[] =>
  sources.flatMap(({ mirror, bootstrap, until }) =>
    until === undefined ? [] : `Earlier deliveries: ${bootstrap} (${mirror ?? 'hub'}), until ${until}.`,
  )
