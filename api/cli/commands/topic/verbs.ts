// `skysieve topic`: which topics there are, where they lie, and what arrives on them.
import type { AddCommands } from '../../context/add-commands.ts'
import type { Client } from '../../connection/api-client.ts'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { findFilter } from '../filter/find-filter.ts'
import { withInterrupt } from '../../context/interrupt.ts'
import { kafkaUserFor } from './kafka-user.ts'
import { groupsText, table } from '../../output/output.ts'
import { sessionOf } from '../../connection/session.ts'
import {
  CA_ABOUT,
  CA_OPTION,
  checkClientOptions,
  CLIENT_ABOUT,
  CLIENT_OPTION,
  type ClientOptions,
  type Consumers,
  credentialText,
  type FreshCredential,
  programOf,
  programsText,
  writeCa,
} from './client-programs.ts'

interface Topic {
  readonly name: string
  readonly kind: string
  readonly of: string
  readonly bootstrap: string | null
}

interface TopicPage extends Topic {
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

interface CreateOptions {
  readonly owner: string[]
  readonly partitions?: number
  readonly retentionHours?: number
  readonly retentionBytes?: number
  readonly maxMessageBytes?: number
}

const collect = (value: string, before: string[]): string[] => [...before, value]
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
  const { name, bootstrap, exists, empty, user, groupPrefixes, consumers, hint } = page
  const state = exists ? (empty ? 'exists and is empty' : 'has deliveries') : 'does not exist yet'
  const where = `${name} on ${bootstrap ?? 'no broker yet'} ${state}.${keeping(page)}`
  if (user === null || consumers === null) return `${where}\n${hint ?? ''}`
  const groups = `Consumer groups of ${user}: ${groupsText(user, groupPrefixes)}.`
  return `${where}\n${groups}\n${programsText(name)}\n\n${programOf(consumers, options)}`
}

interface ConsumeOptions {
  readonly limit?: number
  readonly from: 'earliest' | 'latest'
  readonly group?: string
  readonly idle?: number
  readonly expectMatch?: boolean
  readonly stats?: boolean
}

/** The topic of that name, or of the filter or stream of that name or id. */
async function topicNamed(client: Client, wanted: string): Promise<string> {
  if (wanted.startsWith('filter.')) return wanted
  const topics = await client.list<Topic>('/v1/topics')
  const found = topics.find(({ name, of }) => name === wanted || of === wanted)
  return found?.name ?? (await findFilter(client, wanted)).topic
}

export const addTopic: AddCommands = (program, context) => {
  const topic = program
    .command('topic')
    .description('topics: those you may read, and for administrators those of the hub')

  topic
    .command('create <name>')
    .description('make a topic on the hub (administrators)')
    .option('--owner <account>', 'an account that reads and writes it (repeatable)', collect, [])
    .option('--partitions <n>', 'how many; fixed from then on', Number)
    .option('--retention-hours <h>', 'how long messages are kept', Number)
    .option('--retention-bytes <n>', 'how much of each partition is kept, -1 without a bound', Number)
    .option('--max-message-bytes <n>', 'the largest message', Number)
    .action(async (name: string, options: CreateOptions, command) => {
      const { out, api } = sessionOf(command, context)
      const { owner, partitions, retentionHours, retentionBytes, maxMessageBytes } = options
      const made = await api().call<{ partitions: number }>('POST', '/v1/topics', {
        name,
        owners: owner,
        partitions,
        ...(retentionHours === undefined ? {} : { retentionMs: Math.round(retentionHours * HOUR_MS) }),
        retentionBytes,
        maxMessageBytes,
      })
      out.result(made, () => `Topic ${name} with ${made.partitions} partitions is made.`)
    })

  topic
    .command('delete <name>')
    .description('delete a topic that was made with `topic create`, and all that is in it (administrators)')
    .action(async (name: string, _options, command) => {
      const { out, api } = sessionOf(command, context)
      await api().call('DELETE', `/v1/topics/${encodeURIComponent(name)}`)
      out.result({ deleted: name }, () => `Topic ${name} is deleted.`)
    })

  topic
    .command('list')
    .description('topics you may read, and the broker of each')
    .action(async (_options, command) => {
      const { out, api } = sessionOf(command, context)
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
    .option(CLIENT_OPTION, CLIENT_ABOUT)
    .option(CA_OPTION, CA_ABOUT)
    .action(async (wanted: string, options: ClientOptions, command) => {
      checkClientOptions(options)
      const { out, api } = sessionOf(command, context)
      const client = api()
      const name = await topicNamed(client, wanted)
      const page = await client.call<TopicPage>('GET', `/v1/topics/${encodeURIComponent(name)}`)
      if (options.ca !== undefined) out.progress(writeCa(context.directory, options.ca, page.security?.ca))
      if (options.client === undefined) {
        out.result(page, () => pageText(page, options))
        return
      }
      if (page.consumers === null) throw new CliError('CLI_NO_KAFKA_USER', EXIT.usage, page.hint ?? '')
      out.document(programOf(page.consumers, options), page)
    })

  topic
    .command('credential <topic>')
    .description('make a Kafka user for a topic, for clients of your own; its password is shown once')
    .option('--user <name>', 'its name: your account’s, or that with a dash and more')
    .option(CLIENT_OPTION, `${CLIENT_ABOUT}; user and password then go to stderr`)
    .option(CA_OPTION, CA_ABOUT)
    .action(async (wanted: string, options: ClientOptions & { readonly user?: string }, command) => {
      checkClientOptions(options)
      const { out, api } = sessionOf(command, context)
      const client = api()
      const path = `/v1/topics/${encodeURIComponent(await topicNamed(client, wanted))}/credentials`
      const { user } = options
      const made = await client.call<FreshCredential>('POST', path, user === undefined ? {} : { user })
      // First of all the password, which nobody can show again.
      if (options.client === undefined) out.result(made, () => `${credentialText(made)}\n${programsText(made.topic)}`)
      else {
        out.progress(credentialText(made))
        out.document(programOf(made.consumers, options), made)
      }
      if (options.ca !== undefined) out.progress(writeCa(context.directory, options.ca, made.ca))
    })

  topic
    .command('consume <topic>')
    .description('print one JSON line per delivery, until Ctrl-C')
    .option('--limit <n>', 'stop after so many', Number)
    .option('--from <place>', 'earliest or latest, where the group has read nothing yet', 'earliest')
    .option('--group <name>', 'a consumer group of yours (the user’s name, <user>.<anything> or <user>-<anything>)')
    .option('--idle <s>', 'stop after so many seconds without a delivery', Number)
    .option(
      '--stats',
      'instead: counts, gaps, duplicates, sizes and latencies of what was read, as one report at the end',
    )
    .option('--expect-match', 'exit with 4 if nothing arrived')
    .action(async (wanted: string, options: ConsumeOptions, command) => {
      const session = sessionOf(command, context)
      const client = session.api()
      const name = await topicNamed(client, wanted)
      const user = await kafkaUserFor(client, name, session)
      const { consume } = await import('./consume.ts')
      await withInterrupt(context, signal => consume({ ...user, topic: name, ...options }, session, signal))
    })
}
