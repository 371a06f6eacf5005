// The file of --node-kafka or --hub-kafka: where a Kafka is that is there already, as whom it is administered, and which users it has for this node where none can be made.
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Type, type Static } from 'typebox'
import { DeployError } from '../../errors.ts'
import { parseConfig } from '../../processes/read-config.ts'
import { type NodeKafka } from '../layout/node-layout.ts'

const MAX_PEM = 16_000
const OTHERS = 0o077
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** What a Kafka client's configuration and a properties file take as they are. */
const Login = Type.Object(
  {
    user: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' }),
    password: Type.String({ pattern: '^[A-Za-z0-9_-]{8,200}$' }),
  },
  { additionalProperties: false },
)

const KafkaFile = Type.Object(
  {
    /** `host:port` of one broker or more, as workers, the hub's API and subscribers reach them. */
    bootstrap: Type.Array(Type.String({ pattern: '^[A-Za-z0-9.-]{1,253}:[0-9]{1,5}$' }), { minItems: 1, maxItems: 20 }),
    ...Login.properties,
    mechanism: Type.Enum(['SCRAM-SHA-512'], { default: 'SCRAM-SHA-512' }),
    tls: Type.Boolean({ default: true }),
    /** Certificates of the authorities that its brokers' certificates are of: PEM, or a file of it, named as seen from this file. */
    ca: Type.Optional(Type.String({ minLength: 1, maxLength: MAX_PEM })),
    /** Of the topics that are made; what its brokers do by default when absent. */
    replicationFactor: Type.Optional(Type.Integer({ minimum: 1, maximum: 20 })),
    /** Users that its operator has made, where this node may make none: of MirrorMaker, the workers, and the hub's API. */
    users: Type.Optional(
      Type.Object({ mirrorMaker: Login, worker: Login, api: Login }, { additionalProperties: false }),
    ),
  },
  { additionalProperties: false },
)

/** Throws DeployError DEPLOY_OPTION or DEPLOY_CONFIG_INVALID, which say what is wrong with which file and never show a value. */
export const readKafkaFile = (path: string, option: '--node-kafka' | '--hub-kafka' = '--node-kafka'): NodeKafka => {
  const file: NamedFile = { option, path }
  const text = readPrivate(file)
  if (!isJson(text)) throw refusal(file, 'is not JSON. deploy/start/existing-kafka/README.md shows one')
  const { bootstrap, user, password, tls, ca, replicationFactor, users } = parseConfig(KafkaFile, path, text)
  checkUsers(file, users)
  if (option === '--hub-kafka' && users !== undefined)
    throw refusal(
      file,
      'names users, which is for a node: a hub has more of them, and one for each node and subscriber',
    )
  return {
    bootstrap: bootstrap.join(','),
    admin: { user, password },
    ...(tls ? { ca: authorities(file, ca) } : plain(file, ca)),
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    ...(users === undefined ? {} : { users }),
  }
}

/** As it was given. */
interface NamedFile {
  readonly option: string
  readonly path: string
}

const refusal = ({ option, path }: NamedFile, why: string, cause?: unknown): DeployError =>
  new DeployError('DEPLOY_OPTION', `${option} ${path} ${why}.`, { cause })

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** It has passwords in it. */
const readPrivate = (file: NamedFile): string => {
  const { path } = file
  try {
    if ((statSync(path).mode & OTHERS) !== 0)
      throw refusal(file, `has passwords in it, and others than you may read it: chmod 600 ${path}`)
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof DeployError) throw error
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw refusal(file, `cannot be read (${why})`, error)
  }
}

const checkUsers = (file: NamedFile, users: Static<typeof KafkaFile>['users']): void => {
  const names = Object.values(users ?? {}).map(({ user }) => user)
  if (new Set(names).size < names.length)
    throw refusal(file, 'names one user twice: MirrorMaker, workers and the API are three, each with rights of its own')
}

const plain = (file: NamedFile, ca: string | undefined): { readonly ca?: never } => {
  if (ca !== undefined) throw refusal(file, 'has a ca and says that tls is false: leave one of them out')
  return {}
}

/** The certificates alone: what else is in the file is nobody's business. */
const authorities = (file: NamedFile, ca: string | undefined): string => {
  if (ca === undefined)
    throw refusal(
      file,
      'needs ca, the certificates of the authorities that its brokers’ are of, in PEM; or say tls: false where they speak plain text',
    )
  const text = ca.includes('-----BEGIN') ? ca : readAuthorities(file, resolve(dirname(file.path), ca))
  const found = text.match(PEM) ?? []
  if (found.length === 0 || !found.every(isCertificate)) throw refusal(file, 'has a ca that is no certificate in PEM')
  const pem = `${found.join('\n')}\n`
  if (pem.length > MAX_PEM)
    throw refusal(file, `has a ca of ${found.length} certificates: name only those of its brokers’ own authorities`)
  return pem
}

const readAuthorities = (file: NamedFile, ca: string): string => {
  try {
    return readFileSync(ca, 'utf8')
  } catch (error) {
    throw refusal(file, `names the ca ${ca}, which cannot be read`, error)
  }
}

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).ca
  } catch {
    return false
  }
}
