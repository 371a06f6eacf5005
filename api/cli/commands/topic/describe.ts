// `skysieve topic list|describe`: which topics there are, where they lie, and programs that read them.
import { sessionOf } from '../../connection/session.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { groupsText, table } from '../../output/output.ts'
import {
  CA_ABOUT,
  CA_OPTION,
  checkClientOptions,
  CLIENT_ABOUT,
  CLIENT_OPTION,
  type ClientOptions,
  type Consumers,
  programOf,
  programsText,
  writeCa,
} from './client-programs.ts'
import { MIRROR_ABOUT, MIRROR_OPTION, type Topic, topicNamed } from './topic-name.ts'
import { earlierText, type TopicSource } from './topic-sources.ts'

interface TopicPage extends Topic {
  readonly sources: readonly TopicSource[]
  readonly exists: boolean
  readonly empty: boolean
  readonly partitions: readonly { readonly partition: number }[]
  readonly settings: { readonly retentionMs: number; readonly retentionBytes: number; readonly bytes: number } | null
  readonly owners: readonly string[]
  readonly user: string | null
  readonly groupPrefixes: readonly string[]
  readonly security: { readonly ca?: string } | null
  readonly consumers: Consumers | null
  /** Why there are no programs, and what to do. */
  readonly hint: string | null
}

const HOUR_MS = 3_600_000
const MB = 1_000_000

/** What a topic keeps, in words. */
const keeping = ({ settings, owners, partitions }: TopicPage): string => {
  if (settings === null) return ''
  const { retentionMs, retentionBytes, bytes } = settings
  const bound = retentionBytes < 0 ? '' : ` and ${(retentionBytes / MB).toFixed(0)} MB a partition`
  const owned = owners.length === 0 ? '' : `, written by ${owners.join(', ')}`
  return ` ${partitions.length} partitions${owned}; keeps ${(retentionMs / HOUR_MS).toFixed(0)} h${bound}; ${(bytes / MB).toFixed(1)} MB now.`
}

/** A topic in words, with the program that works wherever Python does. */
const pageText = (page: TopicPage, options: ClientOptions): string => {
  const { name, mirror, bootstrap, exists, empty, user, groupPrefixes, consumers, hint } = page
  const state = exists ? (empty ? 'exists and is empty' : 'has deliveries') : 'does not exist yet'
  const here = `${name} on ${bootstrap ?? 'no broker yet'} ${state}.${keeping(page)}`
  const where = [here, ...earlierText(page.sources)].join('\n')
  if (user === null || consumers === null) return `${where}\n${hint ?? ''}`
  const groups = `Consumer groups of ${user}: ${groupsText(user, groupPrefixes)}.`
  return `${where}\n${groups}\n${programsText(name, mirror)}\n\n${programOf(consumers, options)}`
}

export const addDescribe: AddCommands = (topic, context) => {
  topic
    .command('list')
    .description('topics you may read, and the broker of each')
    .action(async (_options, command) => {
      const { out, api } = sessionOf(command, context)
      const topics = await api().list<Topic>('/v1/topics')
      out.result(topics, () =>
        table(
          ['topic', 'kind', 'node', 'broker'],
          topics.map(({ name, kind, mirror, bootstrap }) => [name, kind, mirror ?? '', bootstrap ?? '']),
          'No topics yet: skysieve filter submit my-filter.js',
        ),
      )
    })

  topic
    .command('describe <topic>')
    .description('where a topic is, whether anything is in it, and programs that read it')
    .option(CLIENT_OPTION, CLIENT_ABOUT)
    .option(CA_OPTION, CA_ABOUT)
    .option(MIRROR_OPTION, MIRROR_ABOUT)
    .action(async (wanted: string, options: ClientOptions & { readonly mirror?: string }, command) => {
      checkClientOptions(options)
      const { out, api } = sessionOf(command, context)
      const client = api()
      const { name, query } = await topicNamed(client, wanted, options.mirror, out)
      const page = await client.call<TopicPage>('GET', `/v1/topics/${encodeURIComponent(name)}${query}`)
      if (options.ca !== undefined) out.progress(writeCa(context.directory, options.ca, page.security?.ca))
      if (options.client === undefined) {
        out.result(page, () => pageText(page, options))
        return
      }
      if (page.consumers === null) throw new CliError('CLI_NO_KAFKA_USER', EXIT.usage, page.hint ?? '')
      out.document(programOf(page.consumers, options), page)
    })
}
