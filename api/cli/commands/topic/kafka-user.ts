// The Kafka user for reading a topic: kept in the profile, made by the API when there is none yet.
import type { Client } from '../../connection/api-client.ts'
import { groupsText } from '../../output/output.ts'
import { type KafkaUser, openProfiles } from '../../connection/profiles.ts'
import type { Session } from '../../connection/session.ts'
import type { WantedTopic } from './topic-name.ts'

/** The kept user of a topic, or a new one. A kept user that was taken away on the server is replaced. */
export async function kafkaUserFor(
  client: Client,
  { name: topic, mirror, query }: WantedTopic,
  { context, out }: Session,
): Promise<KafkaUser> {
  const profiles = openProfiles(context.configDirectory)
  const path = `/v1/topics/${encodeURIComponent(topic)}/credentials`
  const place = mirror === undefined ? topic : `${topic}@${mirror}`
  const kept = profiles.find(client.url)?.kafka?.[place]
  if (kept) {
    const known = await client.list<{ user: string; bootstrap: string }>(path)
    const still = known.find(({ user }) => user === kept.user)
    if (still) return { ...kept, bootstrap: still.bootstrap }
  }
  const fresh = await client.call<KafkaUser & { groupPrefixes: readonly string[] }>('POST', `${path}${query}`, {})
  const { user, password, bootstrap, ca, groupPrefixes } = fresh
  const groups = groupsText(user, groupPrefixes)
  out.progress(`made the Kafka user ${user} (groups ${groups}); it is kept in ${context.configDirectory}`)
  const profile = profiles.find(client.url) ?? { url: client.url }
  const made = { user, password, bootstrap, ...(ca === undefined ? {} : { ca }) }
  profiles.save({ ...profile, kafka: { ...profile.kafka, [place]: made } })
  return made
}
