// A topic in a Kafka that is somebody else's: made where it lacks and that is allowed; one that is there is taken as it is, if that is enough.
import { type ClusterAdmin, HubError, type TopicShape } from '#hub'
import { isRefused, type Missing, tried } from './missing.ts'
import { type TopicNeed, vitalOf } from './needs.ts'

/** What is wrong with a topic that is there, setting by setting; nothing where its settings cannot be seen. Pure. */
const wrongSettings = (need: TopicNeed, { configs }: TopicShape): Readonly<Record<string, string>> => {
  if (configs === undefined) return {}
  const isEnough = (name: string, wanted: string): boolean =>
    name === 'max.message.bytes' ? Number(configs[name]) >= Number(wanted) : configs[name] === wanted
  return Object.fromEntries(Object.entries(vitalOf(need)).filter(([name, wanted]) => !isEnough(name, wanted)))
}

/** Makes it or brings it to what it has to be. Resolves to what its operator has to do. */
export const ensureTopic = async (
  admin: Pick<ClusterAdmin, 'createTopics' | 'topicShape'>,
  need: TopicNeed,
): Promise<Missing | undefined> => {
  const { name, partitions = 1 } = need
  const there = await admin.topicShape(name)
  if (there === undefined) {
    try {
      await admin.createTopics([need])
      return undefined
    } catch (error) {
      if (!isRefused(error)) throw error
      // Who may not is told so once for all topics; of what the cluster takes from nobody the reason counts.
      const why = error instanceof HubError && error.code === 'HUB_NOT_SUPPORTED' ? { why: error.message } : {}
      return { kind: 'topic', topic: need, ...why }
    }
  }
  if (need.isFixed && there.partitions !== partitions)
    return { kind: 'partitions', topic: name, partitions, found: there.partitions }
  const wrong = wrongSettings(need, there)
  if (Object.keys(wrong).length === 0) return undefined
  const set = await tried(admin.createTopics([{ name, partitions: there.partitions, configs: wrong }]))
  return set ? undefined : { kind: 'settings', topic: name, configs: wrong }
}
