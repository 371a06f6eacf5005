// The options of `skysieve start`: flags, then <data dir>/skysieve.json, then defaults.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Type, type Static } from 'typebox'
import { MoveSettings } from '#api'
import { DeployError } from '../../errors.ts'
import { parseConfig } from '../../processes/read-config.ts'
import { MAX_SHARDS } from './ports.ts'
import { reachOf } from './reach.ts'
import { START_USAGE } from './usage.ts'

/** What skysieve.json may hold; the flags are the same names with dashes. */
const StartSettings = Type.Object(
  {
    /** Mirror nodes beside the hub; with none it waits for nodes on other machines. */
    nodes: Type.Integer({ minimum: 0, maximum: 9, default: 2 }),
    /** Of each node, fixed when it is made: a worker process each, which one shard keeps busy on two cores. */
    shards: Type.Integer({ minimum: 1, maximum: MAX_SHARDS, default: 1 }),
    portBase: Type.Integer({ minimum: 1024, maximum: 65_300, default: 21_000 }),
    /** The API of the hub that this machine is a node of; a hub of its own when absent. */
    join: Type.Optional(Type.String({ minLength: 1 })),
    /** Holds the token of the first start of a node that joins. */
    tokenFile: Type.Optional(Type.String({ minLength: 1 })),
    /** Describes a Kafka that is there already, which the hub uses in place of a broker of its own. */
    hubKafka: Type.Optional(Type.String({ minLength: 1 })),
    /** Describes a Kafka that is there already, which a node that joins uses in place of a broker of its own. */
    nodeKafka: Type.Optional(Type.String({ minLength: 1 })),
    /** An address of this machine at which others reach it; loopback alone when absent. */
    listen: Type.Optional(Type.String({ minLength: 1 })),
    /** The name or address by which they do. */
    advertise: Type.Optional(Type.String({ minLength: 1 })),
    /** A tree of real packets to play; synthetic ones when absent. */
    source: Type.Optional(Type.String({ minLength: 1 })),
    /** Seconds from the start of a visit to the next. Rubin's is 37. */
    interval: Type.Number({ minimum: 0.1, default: 37 }),
    /** Alerts of a synthetic visit. Rubin's is 10,000. */
    alerts: Type.Integer({ minimum: 1, maximum: 100_000, default: 1000 }),
    /** Visits to play; without end when absent. */
    visits: Type.Optional(Type.Integer({ minimum: 1 })),
    simulator: Type.Boolean({ default: true }),
    /** Keep every packet in the archive, and write notices of them. */
    archive: Type.Boolean({ default: true }),
    /** Gigabytes of compressed packets of each stream that stay; the oldest leave first. */
    archiveGb: Type.Number({ exclusiveMinimum: 0, default: 20 }),
    /** One file a packet, or a few large ones a night. */
    archiveStore: Type.Enum(['files', 'segments'], { default: 'files' }),
    /** Run Python filters where a Docker engine can be had. */
    python: Type.Boolean({ default: true }),
    /** Socket of the Docker engine to use; found, or started, when absent. */
    engine: Type.Optional(Type.String({ minLength: 1 })),
    /** How hosts of JavaScript filters are confined; found out when absent. */
    isolateHost: Type.Optional(Type.Enum(['bubblewrap', 'container'])),
    /** What is different from a system to try things with: Rubin's numbers, or visits that are known beforehand. */
    profile: Type.Optional(Type.Enum(['production', 'integration'])),
    /** Of alert topics that are made; those that are there keep theirs. */
    partitions: Type.Integer({ minimum: 1, maximum: 200, default: 8 }),
    /** TLS on the brokers' listeners, with certificates of this system's own authority. */
    tls: Type.Boolean({ default: false }),
    /** Run JavaScript filters without confinement; for development only. */
    unsafeSandbox: Type.Boolean({ default: false }),
    /** How long the steps of a filter's move from one node to another may take; in skysieve.json alone. */
    moves: MoveSettings,
  },
  { additionalProperties: false },
)

export type StartOptions = Static<typeof StartSettings> & { readonly dataDir: string }

const FLAGS = {
  join: { type: 'string' },
  'token-file': { type: 'string' },
  'node-kafka': { type: 'string' },
  'hub-kafka': { type: 'string' },
  listen: { type: 'string' },
  advertise: { type: 'string' },
  'data-dir': { type: 'string' },
  nodes: { type: 'string' },
  shards: { type: 'string' },
  'port-base': { type: 'string' },
  source: { type: 'string' },
  interval: { type: 'string' },
  alerts: { type: 'string' },
  visits: { type: 'string' },
  partitions: { type: 'string' },
  profile: { type: 'string' },
  'no-simulator': { type: 'boolean' },
  'archive-gb': { type: 'string' },
  'archive-store': { type: 'string' },
  'no-archive': { type: 'boolean' },
  engine: { type: 'string' },
  'no-python': { type: 'boolean' },
  tls: { type: 'boolean' },
  'isolate-host': { type: 'string' },
  'unsafe-sandbox': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Throws DeployError DEPLOY_OPTION or DEPLOY_CONFIG_INVALID; undefined when help is asked for. */
export const startOptions = (
  argv: readonly string[],
  cwd: string,
  cores = availableParallelism(),
): StartOptions | undefined => {
  const flags = parseFlags(argv)
  if (flags.help === true) return undefined
  const dataDir = resolve(cwd, flags['data-dir'] ?? '.skysieve')
  const file = join(dataDir, 'skysieve.json')
  const numbers = (['nodes', 'shards', 'interval', 'alerts', 'visits', 'partitions'] as const).flatMap(name =>
    flags[name] === undefined ? [] : [[name, numberOf(name, flags[name])] as const],
  )
  const given = {
    ...Object.fromEntries(numbers),
    ...(flags.join === undefined ? {} : { join: flags.join }),
    ...(flags['token-file'] === undefined ? {} : { tokenFile: resolve(cwd, flags['token-file']) }),
    ...(flags['node-kafka'] === undefined ? {} : { nodeKafka: resolve(cwd, flags['node-kafka']) }),
    ...(flags['hub-kafka'] === undefined ? {} : { hubKafka: resolve(cwd, flags['hub-kafka']) }),
    ...(flags.listen === undefined ? {} : { listen: flags.listen }),
    ...(flags.advertise === undefined ? {} : { advertise: flags.advertise }),
    ...(flags['port-base'] === undefined ? {} : { portBase: numberOf('port-base', flags['port-base']) }),
    ...(flags.source === undefined ? {} : { source: resolve(cwd, flags.source) }),
    ...(flags['no-simulator'] === true ? { simulator: false } : {}),
    ...(flags['archive-gb'] === undefined ? {} : { archiveGb: numberOf('archive-gb', flags['archive-gb']) }),
    ...(flags['archive-store'] === undefined ? {} : { archiveStore: flags['archive-store'] }),
    ...(flags['no-archive'] === true ? { archive: false } : {}),
    ...(flags.engine === undefined ? {} : { engine: resolve(cwd, flags.engine) }),
    ...(flags['no-python'] === true ? { python: false } : {}),
    ...(flags.tls === true ? { tls: true } : {}),
    ...(flags['isolate-host'] === undefined ? {} : { isolateHost: flags['isolate-host'] }),
    ...(flags['unsafe-sandbox'] === true ? { unsafeSandbox: true } : {}),
  }
  const saved = readSaved(file)
  const checked = parseConfig(StartSettings, file, saved ?? '{}')
  const profile = flags.profile ?? checked.profile
  const said = { ...(saved === undefined ? {} : JSON.parse(saved)), ...given }
  const ofRole = said.join === undefined ? profileSettings(profile) : { shards: shardsFor(cores) }
  const chosen = { ...ofRole, ...said, ...(profile === undefined ? {} : { profile }) }
  const settings = parseConfig(StartSettings, 'the options', JSON.stringify(chosen))
  checkTogether(settings, flags)
  return { ...settings, dataDir }
}

/** Of a node that joins: what fills its cores. */
const shardsFor = (cores: number): number => Math.max(1, Math.min(MAX_SHARDS, Math.floor(cores / 2)))

/** What a node that joins has no use for: the hub has it. */
const OF_HUBS = [
  'nodes',
  'source',
  'interval',
  'alerts',
  'visits',
  'partitions',
  'profile',
  'no-simulator',
  'archive-gb',
  'archive-store',
  'no-archive',
  'hub-kafka',
  'tls',
] as const

const checkTogether = (
  { join, tokenFile, nodeKafka, listen, advertise, moves }: Static<typeof StartSettings>,
  flags: ReturnType<typeof parseFlags>,
): void => {
  const refuse = (why: string): never => {
    throw new DeployError('DEPLOY_OPTION', why)
  }
  const [other] = join === undefined ? [] : OF_HUBS.filter(name => flags[name] !== undefined)
  if (other !== undefined) refuse(`--${other} is an option of a hub; a node that joins one has no use for it.`)
  if (tokenFile !== undefined && join === undefined) refuse('--token-file is for --join URL.')
  if (nodeKafka !== undefined && join === undefined) refuse('--node-kafka is for --join URL.')
  if (nodeKafka !== undefined && listen !== undefined)
    refuse('--listen is for a broker of the node’s own; with --node-kafka it has none.')
  if (moves.finishMinutes < moves.lateMinutes)
    refuse(
      `moves.finishMinutes (${moves.finishMinutes}) is below moves.lateMinutes (${moves.lateMinutes}): packets of a visit that come later than a node finishes it would be lost. Raise the first, or lower the second.`,
    )
  reachOf({ listen, advertise })
}

/** What a profile sets unless it is said otherwise. */
const profileSettings = (profile: string | undefined): object =>
  profile === 'production' ? { partitions: 45 } : profile === 'integration' ? { alerts: 500 } : {}

const parseFlags = (argv: readonly string[]) => {
  try {
    return parseArgs({ args: [...argv], options: FLAGS, strict: true }).values
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw new DeployError('DEPLOY_OPTION', `${what}\n\n${START_USAGE}`, { cause: error })
  }
}

const numberOf = (name: string, text: string): number => {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new DeployError('DEPLOY_OPTION', `--${name} needs a number, not "${text}".`)
}

const readSaved = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new DeployError('DEPLOY_CONFIG_UNREADABLE', `The options file ${file} cannot be read.`, { cause: error })
  }
}
