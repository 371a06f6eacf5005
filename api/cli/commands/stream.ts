// `skysieve stream`: make packets, play them into a hub, look at them.
import type { AvroSchema, PrintSource } from '#hub'
import { resolve } from 'node:path'
import type { AddCommands } from '../context/add-commands.ts'
import { withInterrupt } from '../context/interrupt.ts'
import {
  ADMIN_USER,
  HUB_CA_ABOUT,
  HUB_CA_OPTION,
  hubAccess,
  type HubOptions,
  registryUrl,
  SIMULATOR_USER,
} from '../local-system/local-system.ts'
import { sessionOf } from '../connection/session.ts'

interface CreateCommand {
  readonly visits: number
  readonly alerts: number
  readonly seed?: number
}
interface PlayCommand extends HubOptions {
  readonly interval: number
  readonly visits?: number
  readonly burst?: boolean
}
interface PrintCommand extends HubOptions {
  readonly limit: number
  readonly topic?: string
  readonly from: string
}

const MB = 1_000_000

export const addStream: AddCommands = (program, context) => {
  const stream = program.command('stream').description('packets of a survey: make, play, look')

  stream
    .command('create <file>')
    .description('write a file of synthetic packets, and the answers of the example filters')
    .option('--visits <n>', 'visits', Number, 1)
    .option('--alerts <n>', 'alerts of a visit', Number, 1000)
    .option('--seed <n>', 'another sky', Number)
    .action((file: string, { visits, alerts, seed }: CreateCommand, command) =>
      withInterrupt(context, async signal => {
        const { out } = sessionOf(command, context)
        const { createStream } = await import('#hub')
        const created = await createStream({
          file: resolve(context.directory, file),
          visits,
          alerts,
          ...(seed === undefined ? {} : { seed }),
          signal,
          onVisit: made =>
            out.progress(`visit ${made.visit}: ${made.packets} packets, ${(made.bytes / MB).toFixed(1)} MB`),
        })
        out.result(
          created,
          () =>
            `${created.packets} packets of ${created.visits} visits in ${file} (${(created.bytes / MB).toFixed(1)} MB)`,
        )
      }),
    )

  stream
    .command('play <file>')
    .description('send a file of packets into a hub, a visit each interval')
    .option('--interval <s>', 'seconds from visit to visit', Number, 37)
    .option('--visits <n>', 'visits at most', Number)
    .option('--burst', 'send each visit in bursts')
    .option('--bootstrap <address>', 'the hub’s broker')
    .option(HUB_CA_OPTION, HUB_CA_ABOUT)
    .option('--user <name>', 'a Kafka user that may write there')
    .option('--registry <url>', 'the schema registry')
    .action((file: string, options: PlayCommand, command) =>
      withInterrupt(context, async signal => {
        const { out } = sessionOf(command, context)
        const { fileVisits, openProducer, openRegistryClient, playStream } = await import('#hub')
        const access = hubAccess(options, context, SIMULATOR_USER)
        const registry = openRegistryClient(registryUrl(options, context), signal)
        const source = await fileVisits(resolve(context.directory, file))
        try {
          for (const schema of source.schemas) await registry.importSchema(schema)
          const producer = await openProducer(access, { clientId: 'skysieve-cli-play' })
          try {
            const played = await playStream({
              producer,
              source,
              intervalMs: options.interval * 1000,
              ...(options.visits === undefined ? {} : { visits: options.visits }),
              profile: options.burst ? 'burst' : 'smooth',
              signal,
              onVisit: visit =>
                out.progress(
                  `visit ${visit.visit}: ${visit.packets} packets in ${(visit.durationMs / 1000).toFixed(1)} s`,
                ),
              onRefused: error => out.progress(error.message),
            })
            out.result(played, () => `${played.packets} packets of ${played.visits} visits played`)
          } finally {
            await producer.close()
          }
        } finally {
          await source.close()
        }
      }),
    )

  stream
    .command('print [file]')
    .description('a line per packet of a file, or of a topic with --topic')
    .option('--limit <n>', 'packets', Number, 20)
    .option('--topic <topic>', 'a topic of the hub')
    .option('--from <place>', 'earliest or latest', 'latest')
    .option('--bootstrap <address>', 'the hub’s broker')
    .option(HUB_CA_OPTION, HUB_CA_ABOUT)
    .option('--user <name>', 'a Kafka user that may read there')
    .option('--registry <url>', 'the schema registry')
    .action((file: string | undefined, options: PrintCommand, command) =>
      withInterrupt(context, async signal => {
        sessionOf(command, context)
        const { printStream } = await import('#hub')
        const source =
          file === undefined ? await topicSource(options, signal) : { file: resolve(context.directory, file) }
        try {
          for await (const line of printStream(source, { packets: options.limit, signal }))
            context.stdout.write(`${line}\n`)
        } catch (error) {
          if (!signal.aborted) throw error
        }
      }),
    )

  const topicSource = async (options: PrintCommand, signal: AbortSignal): Promise<PrintSource> => {
    const { openRegistryClient, parseSchema, STREAMS } = await import('#hub')
    const access = hubAccess(options, context, ADMIN_USER)
    const registry = openRegistryClient(registryUrl(options, context), signal)
    const schemas = new Map<number, AvroSchema>()
    return {
      access,
      topic: options.topic ?? STREAMS.lsst.topic,
      group: access.user,
      fromBeginning: options.from === 'earliest',
      schemaOf: async id => {
        const text = schemas.has(id) ? undefined : await registry.find(id)
        if (text !== undefined) schemas.set(id, parseSchema(text))
        return schemas.get(id)
      },
    }
  }
}
