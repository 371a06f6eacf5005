// What `skysieve topic` tells of other clients: the user's access in words, ready programs, and the file of the brokers' authority.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { groupsText } from '../../output/output.ts'

/** Ready programs, and settings of Kafka's Java clients, by what the options call them. */
export interface Consumers {
  readonly python: string
  readonly kcat: string
  readonly kafkajs: string
  readonly properties: string
}
type ClientName = keyof Consumers

const CLIENTS: readonly ClientName[] = ['python', 'kcat', 'kafkajs', 'properties']
export const CLIENT_OPTION = '--client <name>'
export const CLIENT_ABOUT = `print a ready program and nothing else: ${CLIENTS.slice(0, -1).join(', ')}, or properties for Kafka’s own tools`
export const CA_OPTION = '--ca <file>'
export const CA_ABOUT = 'write the certificate of the brokers’ authority there, where they speak TLS'

export interface ClientOptions {
  readonly client?: string
  readonly ca?: string
}

/** A fresh Kafka user as the API answers it. */
export interface FreshCredential {
  readonly user: string
  readonly topic: string
  readonly password: string
  readonly bootstrap: string
  readonly protocol: string
  readonly ca?: string
  readonly groupPrefixes: readonly string[]
  readonly consumers: Consumers
}

const DEFAULT_CA_FILE = 'skysieve-ca.pem'
/** Needs no quotes in a shell, in Python, JavaScript or a properties file. */
const PLAIN_PATH = /^[\w./@+][\w./@+-]*$/

const isClient = (name: string): name is ClientName => CLIENTS.some(client => client === name)

/** @throws CliError CLI_OPTION before anything is asked or made. */
export function checkClientOptions({ client, ca }: ClientOptions): void {
  const wrong = (message: string): CliError => new CliError('CLI_OPTION', EXIT.usage, message)
  if (client !== undefined && !isClient(client)) throw wrong(`--client is one of ${CLIENTS.join(', ')}, not ${client}.`)
  if (client !== undefined && ca !== undefined && !PLAIN_PATH.test(ca))
    throw wrong(
      `The program names the file ${ca}, which would need quotes; choose a name of letters, digits and . / _ - @ +.`,
    )
}

/** The program that was asked for, with the file of the authority as the caller names it. */
export const programOf = (consumers: Consumers, { client, ca }: ClientOptions): string => {
  const text = consumers[client !== undefined && isClient(client) ? client : 'python']
  return ca === undefined ? text : text.replaceAll(DEFAULT_CA_FILE, () => ca)
}

/** Writes the authority's certificate; a file that is there is replaced only if it holds one too. Says what it did. */
export function writeCa(directory: string, file: string, ca: string | undefined): string {
  if (ca === undefined) return `${file} is not written: these brokers speak plain text, clients need no certificate.`
  const path = resolve(directory, file)
  if (existsSync(path) && !readFileSync(path, 'utf8').startsWith('-----BEGIN CERTIFICATE-----'))
    throw new CliError('CLI_FILE_EXISTS', EXIT.usage, `${file} is there already and no certificate; it is as it was.`)
  writeFileSync(path, ca)
  return `${file} holds the certificate of the brokers’ authority.`
}

/** A fresh user in words; here its password is shown, and never again. */
export const credentialText = (made: FreshCredential): string =>
  [
    `Kafka user ${made.user} reads ${made.topic} at ${made.bootstrap} (${made.protocol}, SCRAM-SHA-512).`,
    `Its consumer groups: ${groupsText(made.user, made.groupPrefixes)}.`,
    'Its password, shown only now, which the programs take from SKYSIEVE_KAFKA_PASSWORD:',
    made.password,
  ].join('\n')

/** How the programs of a topic are got. */
export const programsText = (topic: string, mirror: string | null = null): string => {
  // Only these have one name on every node.
  const where = mirror === null || topic.startsWith('filter.') ? '' : ` --mirror ${mirror}`
  return `Other programs that read it: skysieve topic describe ${topic}${where} --client ${CLIENTS.join('|')}`
}
