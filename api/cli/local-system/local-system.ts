// A system that was started in the working directory: its data directory (mode 0600) tells commands on the same machine how to reach it.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { BrokerAccess } from '#hub'
import type { CliContext } from '../context/cli-context.ts'
import { CliError, EXIT } from '../output/exit-codes.ts'
import { isRecord, isRecordOf, isText, isTextOrAbsent } from '../context/json-shape.ts'

export const DATA_DIRECTORY = '.skysieve'
/** Users that a start makes on the hub: one may write alerts, the other everything. */
export const SIMULATOR_USER = 'skysieve-simulator'
export const ADMIN_USER = 'skysieve-admin'
/** Who may put schemas into its registry. */
const REGISTRY_WRITER = 'skysieve-registry'
export const DEFAULT_URL = 'http://127.0.0.1:21005'

interface Secrets {
  readonly adminToken: string
  readonly users: Readonly<Record<string, string>>
}
/** The settings of the API's process, as far as they are read. */
interface ApiProcess {
  readonly hub: { readonly bootstrap: string; readonly ca?: string }
  readonly settings: { readonly url: string; readonly registryUrl?: string }
}

const isSecrets = (value: unknown): value is Secrets =>
  isRecord(value) && isText(value['adminToken']) && isRecordOf(value['users'], isText)

const isApiProcess = (value: unknown): value is ApiProcess => {
  if (!isRecord(value)) return false
  const { hub, settings } = value
  if (!isRecord(hub) || !isRecord(settings)) return false
  const optional = [hub['ca'], settings['registryUrl']]
  return isText(hub['bootstrap']) && isText(settings['url']) && optional.every(isTextOrAbsent)
}

export interface LocalSystem {
  readonly url: string
  readonly adminToken: string
  /** The hub's broker, once the API has been started. */
  readonly bootstrap?: string
  /** What its brokers' certificates are signed by, where they speak TLS. */
  readonly ca?: string
  /** Kafka user → password. */
  readonly users: Readonly<Record<string, string>>
  readonly registryUrl?: string
}

/** What `skysieve start` left in the directory, or undefined. */
export function localSystem(directory: string): LocalSystem | undefined {
  const data = join(directory, DATA_DIRECTORY)
  const secrets = readJson(isSecrets, join(data, 'secrets.json'))
  if (!secrets) return undefined
  const api = readJson(isApiProcess, join(data, 'config', 'api.json'))
  const registryUrl = api?.settings.registryUrl
  return {
    url: api?.settings.url ?? DEFAULT_URL,
    adminToken: secrets.adminToken,
    users: secrets.users,
    ...(api ? { bootstrap: api.hub.bootstrap, ...(api.hub.ca === undefined ? {} : { ca: api.hub.ca }) } : {}),
    ...(registryUrl === undefined ? {} : { registryUrl }),
  }
}

export interface HubOptions {
  readonly bootstrap?: string
  readonly user?: string
  readonly registry?: string
  /** File with the certificate of the broker's authority, where that is another than the local system's. */
  readonly ca?: string
}

export const HUB_CA_OPTION = '--ca <file>'
export const HUB_CA_ABOUT = 'certificate of the authority of the hub’s broker, where it speaks TLS'

/** @throws CliError CLI_FILE_UNREADABLE */
function caIn(directory: string, file: string): string {
  try {
    return readFileSync(resolve(directory, file), 'utf8')
  } catch (cause) {
    const message = `The certificate ${file} cannot be read. \`skysieve topic describe TOPIC --ca ${file}\` writes it.`
    throw new CliError('CLI_FILE_UNREADABLE', EXIT.usage, message, { cause })
  }
}

/** Access to a hub's broker by flags and SKYSIEVE_KAFKA_PASSWORD, or of the local system. Throws CliError CLI_HUB_UNKNOWN. */
export function hubAccess(options: HubOptions, context: CliContext, localUser: string): BrokerAccess {
  const local = localSystem(context.directory)
  const bootstrap = options.bootstrap ?? local?.bootstrap
  const user = options.user ?? localUser
  const password = context.kafkaPassword ?? local?.users[user]
  const ca = options.ca === undefined ? local?.ca : caIn(context.directory, options.ca)
  if (bootstrap !== undefined && password !== undefined)
    return { bootstrap, user, password, ...(ca === undefined ? {} : { ca }) }
  const message =
    'Which hub? Run this where `skysieve start` was run, or give --bootstrap, --user and the password in SKYSIEVE_KAFKA_PASSWORD.'
  throw new CliError('CLI_HUB_UNKNOWN', EXIT.usage, message)
}

/** The address with the token for writing, as user and password. */
const withToken = (address: string, token: string): string => {
  const url = new URL(address)
  if (url.username === '') url.username = REGISTRY_WRITER
  if (url.password === '') url.password = token
  return url.href
}

/**
 * For a registry elsewhere, the user for writing may be in the URL, and the token there too or in SKYSIEVE_REGISTRY_TOKEN.
 * @throws CliError CLI_REGISTRY_UNKNOWN
 */
export function registryUrl({ registry }: HubOptions, { directory, registryToken }: CliContext): string {
  const local = localSystem(directory)
  const url = registry ?? local?.registryUrl
  const message = 'Which schema registry? Run this where `skysieve start` was run, or give --registry.'
  if (url === undefined || !URL.canParse(url)) throw new CliError('CLI_REGISTRY_UNKNOWN', EXIT.usage, message)
  const token = registryToken ?? (url === local?.registryUrl ? local.users[REGISTRY_WRITER] : undefined)
  return token === undefined ? url : withToken(url, token)
}

function readJson<T>(isIt: (value: unknown) => value is T, file: string): T | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isIt(value) ? value : undefined
  } catch {
    return undefined
  }
}
