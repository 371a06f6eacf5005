// Whether a survey's Kafka and registry can be taken from as an operator said it: asked before anything is kept. Every refusal is a sentence that says
// what to look at.
import { connect as connectPlain } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { canonicalText, parseSchema } from '../avro/schema/parse-schema.ts'
import { HubError } from '../errors.ts'
import { openAdmin } from '../kafka/admin/open-admin.ts'
import { type OffsetQuery } from '../kafka/admin/offsets.ts'
import { isProtocolError } from '../kafka/client-errors.ts'
import { openLogReader } from '../kafka/consume/log-reader.ts'
import { readFrame } from '../packet-frame.ts'
import { type RegistryClient } from '../registry/client/registry-client.ts'
import { openSurveyRegistry } from './survey-registry.ts'
import { lookAtSurvey } from './upstream-incarnation.ts'
import { upstreamAccess, type UpstreamSettings } from './upstream-settings.ts'

const CONNECT_LIMIT_MS = 10_000
/** Somebody waits for the answer. */
const RETRIES = 3
const CONTAINER_MAGIC = 'Obj\u0001'

/** What was found. */
export interface CheckedUpstream {
  readonly partitions: number
  /** Offsets between its first and its last record. */
  readonly records: bigint
  /** Of these, what will be taken. */
  readonly ahead: bigint
  /** The schema that its newest packet names, where that could be read. */
  readonly schemaId: number | undefined
}

/** The first of the addresses that lets us connect; TLS is spoken to the end of its handshake. Throws HubError HUB_UNREACHABLE. */
const reach = async ({ bootstrap, ca }: UpstreamSettings): Promise<void> => {
  const reasons: string[] = []
  for (const address of bootstrap.split(',')) {
    const at = address.lastIndexOf(':')
    const [host, port] = [address.slice(0, at), Number(address.slice(at + 1))]
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    const socket =
      ca === undefined
        ? connectPlain({ host, port })
        : connectTls({ host, port, ca, servername: isName(host) ? host : '' })
    socket.setTimeout(CONNECT_LIMIT_MS, () => resolve(`it does not answer within ${CONNECT_LIMIT_MS / 1000} s`))
    socket.once(ca === undefined ? 'connect' : 'secureConnect', () => resolve(undefined))
    socket.once('error', error => resolve(error.message))
    socket.once('close', () => resolve('it closes the connection'))
    const reason = await promise
    socket.destroy()
    if (reason === undefined) return
    reasons.push(`${address}: ${reason}`)
  }
  const advice =
    ca === undefined
      ? 'check the address, and that it can be reached from here'
      : 'check the address, and whether --ca has the certificate of the authority that signed the broker’s'
  throw new HubError(
    'HUB_UNREACHABLE',
    `No broker of the survey can be connected to (${reasons.join('; ')}); ${advice}`,
  )
}

/** A server's name is asked for by name only. */
const isName = (host: string): boolean => !/^[\d.]+$/.test(host)

/** What a broker's refusal means for who typed the settings. */
const sentenceOf = (error: unknown, { bootstrap, user, topic, ca }: UpstreamSettings): unknown => {
  if (!(error instanceof HubError)) return error
  const say = (text: string): HubError => new HubError(error.code, text, { cause: error })
  if (error.code === 'HUB_NOT_AUTHORIZED' && isProtocolError(error, 'TOPIC_AUTHORIZATION_FAILED'))
    return say(
      `The survey gives ${user} no right to read ${topic}, or has no such topic: a broker does not tell these apart. Check the topic's name, and ask the survey for READ on it`,
    )
  if (error.code === 'HUB_NOT_AUTHORIZED' && isProtocolError(error, 'SASL_AUTHENTICATION_FAILED'))
    return say(
      `The survey at ${bootstrap} refuses ${user}: its password is wrong, or it has no such user (SCRAM-SHA-512)`,
    )
  if (error.code === 'HUB_TOPIC_UNKNOWN')
    return say(
      `The survey at ${bootstrap} has no topic ${topic}; check the name, which may change with the night or the schema`,
    )
  // One that speaks TLS takes a login in plain text for noise.
  if (['HUB_UNREACHABLE', 'HUB_NOT_AUTHORIZED'].includes(error.code) && ca === undefined)
    return say(`${error.message}. If the survey's brokers speak TLS, give the certificate of their authority with --ca`)
  return error
}

const newestRecord = async (
  settings: UpstreamSettings,
  partition: number,
  end: bigint,
): Promise<Buffer | undefined> => {
  const reader = openLogReader(upstreamAccess(settings), {
    clientId: `${settings.user}.skysieve`,
    topic: settings.topic,
    partition,
  })
  try {
    // At the end itself nothing is handed out, but the right to read is asked for.
    const { records } = await reader.read(end > 0n ? end - 1n : end, 0)
    return records.at(-1)?.value ?? undefined
  } finally {
    await reader.close()
  }
}

/** Throws HubError HUB_UPSTREAM_SETTINGS where packets are not of the format that was said. */
const schemaIdIn = (packet: Buffer, { format }: UpstreamSettings): number | undefined => {
  const isContainer = packet.toString('latin1', 0, 4) === CONTAINER_MAGIC
  if (isContainer !== (format === 'container'))
    throw new HubError(
      'HUB_UPSTREAM_SETTINGS',
      isContainer
        ? 'The newest record of the topic is an Avro object container file; say --format container'
        : 'The newest record of the topic is no Avro object container file; say --format framed',
    )
  if (isContainer) return undefined
  try {
    return readFrame(packet).schemaId
  } catch {
    return undefined
  }
}

const checkRegistry = async (
  { registry }: UpstreamSettings,
  schemaId: number | undefined,
  own: Pick<RegistryClient, 'find'> | undefined,
): Promise<void> => {
  if (registry === undefined) return
  const survey = openSurveyRegistry(registry)
  if (schemaId === undefined) return survey.check()
  const theirs = await survey.find(schemaId)
  if (theirs === undefined)
    throw new HubError(
      'HUB_REGISTRY_REFUSED',
      `The newest packet of the topic names schema ${schemaId}, which the registry at ${registry} does not have; check its address`,
    )
  // A hub that does not run cannot be asked, and takes the schema when it runs.
  const ours = await own?.find(schemaId).catch(() => undefined)
  if (ours !== undefined && canonicalText(parseSchema(ours)) !== canonicalText(parseSchema(theirs)))
    throw new HubError(
      'HUB_REGISTRY_REFUSED',
      `Schema ${schemaId} of the survey is another one than schema ${schemaId} of this hub, so its packets would be misread. Give this survey a hub of its own: npm start -- --no-simulator --data-dir DIR`,
    )
  return undefined
}

/** Connects, and reads one record. `own` is the hub's registry, if it can be asked. Throws HubError; nothing is changed anywhere. */
export const checkUpstream = async (
  settings: UpstreamSettings,
  own?: Pick<RegistryClient, 'find'>,
): Promise<CheckedUpstream> => {
  await reach(settings)
  const { topic, from } = settings
  const admin = openAdmin(upstreamAccess(settings), `${settings.user}.skysieve`, RETRIES)
  try {
    const { firsts, ends } = await lookAtSurvey(admin, topic)
    const at: OffsetQuery = typeof from === 'object' ? { timestampMs: Date.parse(from.time) } : from
    const begins = await admin.offsets(topic, at)
    const sum = (until: ReadonlyMap<number, bigint>, since: ReadonlyMap<number, bigint>): bigint =>
      [...until].reduce((total, [partition, end]) => total + (end - (since.get(partition) ?? end)), 0n)
    const [partition, end] = [...ends].toSorted(([, a], [, b]) => Number(b - a))[0] ?? [0, 0n]
    const packet = await newestRecord(settings, partition, end)
    const schemaId = packet === undefined ? undefined : schemaIdIn(packet, settings)
    await checkRegistry(settings, schemaId, own)
    return { partitions: ends.size, records: sum(ends, firsts), ahead: sum(ends, begins), schemaId }
  } catch (error) {
    throw sentenceOf(error, settings)
  } finally {
    await admin.close().catch(() => undefined)
  }
}
