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

/** A topic's sources as they are now, the present one first. Of a node that does not answer: what is known of the user's broker. */
export async function sourcesOf(
  client: Client,
  { name, mirror, query }: WantedTopic,
  { bootstrap, ca }: KafkaUser,
): Promise<readonly TopicSource[]> {
  const path = `/v1/topics/${encodeURIComponent(name)}${query}`
  const known = [{ mirror: mirror ?? null, bootstrap, security: ca === undefined ? {} : { ca } }]
  const page = await client.call<{ readonly sources: readonly TopicSource[] }>('GET', path).catch(() => undefined)
  return page === undefined || page.sources.length === 0 ? known : page.sources
}

/** What people are told of the former ones. */
export const earlierText = (sources: readonly TopicSource[]): string[] =>
  sources.flatMap(({ mirror, bootstrap, until }) =>
    until === undefined ? [] : `Earlier deliveries: ${bootstrap} (${mirror ?? 'hub'}), until ${until}.`,
  )
