// `skysieve topic consume`: messages of a topic, as any subscriber reads them; of a filter that moves, wherever it delivers.
import { sessionOf } from '../../connection/session.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { withInterrupt } from '../../context/interrupt.ts'
import type { ReadOptions } from './read-messages.ts'
import { kafkaUserFor } from './kafka-user.ts'
import { MIRROR_ABOUT, MIRROR_OPTION, topicNamed } from './topic-name.ts'
import { openSources } from './topic-sources.ts'

interface ConsumeOptions extends ReadOptions {
  readonly mirror?: string
}

export const addConsume: AddCommands = (topic, context) => {
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
    .option(MIRROR_OPTION, MIRROR_ABOUT)
    .action(async (wanted: string, options: ConsumeOptions, command) => {
      const session = sessionOf(command, context)
      const client = session.api()
      const wantedTopic = await topicNamed(client, wanted, options.mirror, session.out)
      const user = await kafkaUserFor(client, wantedTopic, session)
      const { readMessages } = await import('./read-messages.ts')
      const sources = openSources(client, wantedTopic, user)
      await withInterrupt(context, signal =>
        readMessages({ ...user, topic: wantedTopic.name, ...options, sources }, session, signal),
      )
    })
}
