// `skysieve upstream add`: a survey's Kafka is asked whether it lets us read, and is then taken from for as long as the system runs.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { UpstreamSettings } from '#hub'
import type { AddCommands } from '../../context/add-commands.ts'
import type { CliContext } from '../../context/cli-context.ts'
import { localSystem } from '../../local-system/local-system.ts'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { sessionOf } from '../../connection/session.ts'
import { hasUpstream, takenBy, upstreamFile, writeUpstream } from './upstream-files.ts'

interface AddCommand {
  readonly bootstrap: string
  readonly user: string
  readonly passwordFile: string
  readonly ca?: string
  readonly topic: string
  readonly stream: string
  readonly registry?: string
  readonly from: string
  readonly format?: string
  readonly replace?: boolean
}

/** @throws CliError CLI_FILE_UNREADABLE */
const textOf = ({ directory }: CliContext, what: string, file: string): string => {
  try {
    return readFileSync(resolve(directory, file), 'utf8')
  } catch (cause) {
    throw new CliError('CLI_FILE_UNREADABLE', EXIT.usage, `The ${what} ${file} cannot be read.`, { cause })
  }
}

export const addAdd: AddCommands = (upstream, context) => {
  upstream
    .command('add <name>')
    .description('take a survey’s stream into this system; typed on the hub’s machine')
    .requiredOption('--bootstrap <addresses>', 'the survey’s brokers, host:port[,host:port]')
    .requiredOption('--user <name>', 'our user there (SCRAM-SHA-512), which may read the topic')
    .requiredOption('--password-file <file>', 'file with its password')
    .option('--ca <file>', 'certificate of the authority of the survey’s brokers, where they speak TLS')
    .requiredOption('--topic <name>', 'the survey’s topic')
    .requiredOption('--stream <name>', 'the stream of this system that it feeds: lsst or ztf')
    .option('--registry <url>', 'the survey’s schema registry, which is only read')
    .option('--from <where>', 'where to begin: earliest, latest, or a time such as 2026-12-01T03:00:00Z', 'latest')
    .option('--format <kind>', 'framed packets, or container: Avro object container files (ztf)')
    .option('--replace', 'change the settings of one that is there; it goes on where it is')
    .action(async (name: string, options: AddCommand, command) => {
      const { out } = sessionOf(command, context)
      const file = upstreamFile(context, name)
      if (hasUpstream(file) && options.replace !== true)
        throw new CliError(
          'CLI_UPSTREAM_EXISTS',
          EXIT.usage,
          `There is an upstream ${name} already. Give another name, or --replace to change its settings.`,
        )
      const { checkUpstream, openRegistryClient } = await import('#hub')
      const settings = await settingsOf(options, context)
      const other = takenBy(file, settings)
      if (other !== undefined)
        throw new CliError(
          'CLI_UPSTREAM_EXISTS',
          EXIT.usage,
          `The upstream ${other} takes this topic into this stream already; together they would bring each packet twice. Change that one with --replace, or remove it first.`,
        )
      const own = localSystem(context.directory)?.registryUrl
      out.progress(`asking ${settings.bootstrap} …`)
      const found = await checkUpstream(settings, own === undefined ? undefined : openRegistryClient(own)).catch(told)
      writeUpstream(file, `${JSON.stringify(settings, undefined, 2)}\n`)
      const { partitions, records, ahead, schemaId } = found
      const result = { name, topic: settings.topic, stream: settings.stream, partitions, schemaId: schemaId ?? null }
      out.result({ ...result, records: String(records), ahead: String(ahead) }, () =>
        [
          `${name}: ${settings.topic} of ${settings.bootstrap} has ${partitions} partitions and ${records} offsets, of which ${ahead} are taken from the beginning.`,
          'A running system begins within seconds, any other with its start. How it goes:',
          `  npx skysieve upstream show ${name}`,
        ].join('\n'),
      )
    })
}

const settingsOf = async (options: AddCommand, context: CliContext): Promise<UpstreamSettings> => {
  const { parseUpstream, usualFormat } = await import('#hub')
  const { timeOf } = await import('../../../rfc3339-time.ts')
  const { bootstrap, user, passwordFile, ca, topic, stream, registry, from, format = usualFormat(stream) } = options
  const isPlace = from === 'earliest' || from === 'latest'
  if (!isPlace && (timeOf(from) ?? Infinity) > Date.now())
    throw new CliError(
      'CLI_TIME',
      EXIT.usage,
      `--from takes earliest, latest, or a time that has passed, such as 2026-12-01T03:00:00Z; not “${from}”.`,
    )
  const password = textOf(context, 'password file', passwordFile).replace(/\r?\n$/, '')
  if (password === '')
    throw new CliError('CLI_FILE_UNREADABLE', EXIT.usage, `The password file ${passwordFile} is empty.`)
  const given = {
    bootstrap,
    user,
    password,
    ...(ca === undefined ? {} : { ca: textOf(context, 'certificate', ca) }),
    topic,
    stream,
    ...(registry === undefined ? {} : { registry }),
    from: isPlace ? from : { time: from },
    format,
  }
  try {
    return parseUpstream(JSON.stringify(given))
  } catch (error) {
    return told(error)
  }
}

/** What the survey said no to is the caller's to mend; that it does not answer is not. */
const told = async (error: unknown): Promise<never> => {
  const { HubError } = await import('#hub')
  if (!(error instanceof HubError)) throw error
  const isAway = error.code === 'HUB_UNREACHABLE' || error.code === 'HUB_REGISTRY_UNREACHABLE'
  throw new CliError(error.code, isAway ? EXIT.ourFault : EXIT.usage, `${error.message}. Nothing was kept.`, {
    cause: error,
  })
}
