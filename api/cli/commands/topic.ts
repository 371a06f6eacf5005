// `skysieve topic`: which topics there are, where they lie, and what arrives on them.
import type { AddCommands } from '../run.ts'
import type { Client } from '../client.ts'
import { findFilter } from '../find-filter.ts'
import { withInterrupt } from '../interrupt.ts'
import { kafkaUserFor } from '../kafka-user.ts'
import { table } from '../output.ts'
import { sessionOf } from '../session.ts'

interface Topic {
  readonly name: string
  readonly kind: string
  readonly of: string
  readonly bootstrap: string | null
}

interface TopicPage extends Topic {
  readonly exists: boolean
  readonly empty: boolean
  readonly user: string
  readonly consumers: { readonly python: string; readonly kcat: string; readonly kafkajs: string } | null
}

interface ConsumeOptions {
  readonly limit?: number
  readonly from: 'earliest' | 'latest'
  readonly group?: string
  readonly idle?: number
  readonly expectMatch?: boolean
}

/** The topic of that name, or of the filter or stream of that name or id. */
async function topicNamed(client: Client, wanted: string): Promise<string> {
  if (wanted.startsWith('filter.')) return wanted
  const topics = await client.list<Topic>('/v1/topics')
  const found = topics.find(({ name, of }) => name === wanted || of === wanted)
  return found?.name ?? (await findFilter(client, wanted)).topic
}

export const addTopic: AddCommands = (program, around) => {
  const topic = program.command('topic').description('topics you may read')

  topic
    .command('list')
    .description('topics you may read, and the broker of each')
    .action(async (_options, command) => {
      const { out, api } = sessionOf(command, around)
      const topics = await api().list<Topic>('/v1/topics')
      out.result(topics, () =>
        table(
          ['topic', 'kind', 'broker'],
          topics.map(({ name, kind, bootstrap }) => [name, kind, bootstrap ?? '']),
          'No topics yet: skysieve filter submit my-filter.js',
        ),
      )
    })

  topic
    .command('describe <topic>')
    .description('where a topic is, whether anything is in it, and programs that read it')
    .action(async (wanted: string, _options, command) => {
      const { out, api } = sessionOf(command, around)
      const client = api()
      const name = await topicNamed(client, wanted)
      const page = await client.call<TopicPage>('GET', `/v1/topics/${encodeURIComponent(name)}`)
      const state = page.exists ? (page.empty ? 'exists and is empty' : 'has deliveries') : 'does not exist yet'
      out.result(
        page,
        () => `${page.name} on ${page.bootstrap ?? 'no broker yet'} ${state}.\n\n${page.consumers?.kcat ?? ''}`,
      )
    })

  topic
    .command('consume <topic>')
    .description('print one JSON line per delivery, until Ctrl-C')
    .option('--limit <n>', 'stop after so many', Number)
    .option('--from <place>', 'earliest or latest, where the group has read nothing yet', 'earliest')
    .option('--group <name>', 'a consumer group of yours (the user’s name, or <user>.<anything>)')
    .option('--idle <s>', 'stop after so many seconds without a delivery', Number)
    .option('--expect-match', 'exit with 4 if nothing arrived')
    .action(async (wanted: string, options: ConsumeOptions, command) => {
      const session = sessionOf(command, around)
      const client = session.api()
      const name = await topicNamed(client, wanted)
      const user = await kafkaUserFor(client, name, session)
      const { consume } = await import('../consume.ts')
      await withInterrupt(around, signal => consume({ ...user, topic: name, ...options }, session, signal))
    })
}
