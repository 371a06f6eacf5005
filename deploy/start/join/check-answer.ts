// The answer to a join, as it came over the network: nothing of it is used before it was checked here. Pure.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { JoinAnswer } from '#api'
import { Value } from 'typebox/value'
import { CELL_SHARDS, MAX_SHARDS } from '../layout/ports.ts'
import { hashOfCertificate } from './authority.ts'

/** What a Kafka client's configuration and a properties file take as they are. */
const SAFE = /^[A-Za-z0-9_-]{8,200}$/
const USER = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/
const BOOTSTRAP = /^[A-Za-z0-9.:,[\]-]{1,1000}$/
const TOPIC = /^[A-Za-z0-9._-]{1,200}$/
const SHA256 = /^[0-9a-f]{64}$/
const REGISTRY = /^https?:\/\/[A-Za-z0-9.:[\]-]{1,300}\/?$/
const MAX_TOPICS = 100
const MAX_PARTITIONS = 10_000
const MAX_PEM = 16_000
const CLUSTER_ID = /^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/

export interface Asked {
  /** By which the others of a cell reach this machine. */
  readonly host: string
  /** The node's name where it has one before it joins. */
  readonly name: string | undefined
  /** The node's own, PEM. */
  readonly key: string
  /** As in the token; undefined where the system speaks plain text. */
  readonly authority: string | undefined
  /** Of its own, which needs a certificate where the system has an authority. */
  readonly hasBroker: boolean
}

/** The answer, or why it is none to what was asked. */
export const checkAnswer = (value: unknown, asked: Asked): JoinAnswer | { readonly wrong: string } => {
  if (!Value.Check(JoinAnswer, value)) {
    const [first] = Value.Errors(JoinAnswer, value)
    return { wrong: `${first?.instancePath ?? ''} ${first?.message ?? 'has another form'}`.trim() }
  }
  const wrong = wrongIn(value, asked)
  return wrong === undefined ? value : { wrong }
}

const wrongIn = (answer: JoinAnswer, { name, key, authority, host, hasBroker }: Asked): string | undefined => {
  const { shards, hub, hubUsers, apiUser, alertTopics, registryUrl, statusTopic, cell } = answer
  if (name !== undefined && answer.name !== name) return `it calls the node ${answer.name}, not ${name}`
  if (shards < 1 || shards > (cell === undefined ? MAX_SHARDS : CELL_SHARDS))
    return `it gives the node ${shards} shards`
  if (!BOOTSTRAP.test(hub.bootstrap)) return 'the address of the hub’s broker is none'
  if (registryUrl !== undefined && !REGISTRY.test(registryUrl)) return 'the address of the registry is none'
  const logins = [hubUsers.mirrorMaker, hubUsers.worker, apiUser]
  if (!logins.every(({ user, password }) => USER.test(user) && SAFE.test(password)))
    return 'a user or a password has characters that are not taken'
  if (new Set(logins.map(({ user }) => user)).size < logins.length) return 'two users have one name'
  const isTopic = (topic: { name: string; partitions: number }): boolean =>
    TOPIC.test(topic.name) && topic.partitions >= 1 && topic.partitions <= MAX_PARTITIONS
  if (alertTopics.length === 0 || alertTopics.length > MAX_TOPICS || !alertTopics.every(isTopic))
    return 'the alert topics are none'
  if (statusTopic !== undefined && !TOPIC.test(statusTopic)) return 'the topic of reports is none'
  if (!SHA256.test(answer.metricsTokenSha256)) return 'the hash of the token for metrics is none'
  return (
    (cell && wrongCell(cell, authority, host)) ??
    wrongAuthority(answer, authority) ??
    (hasBroker && authority !== undefined ? wrongCertificate(answer, key) : undefined)
  )
}

const wrongCell = (
  { machine, clusterId, machines, passwords }: NonNullable<JoinAnswer['cell']>,
  authority: string | undefined,
  host: string,
): string | undefined => {
  if (authority === undefined)
    return 'it makes the node one of three, which know each other by certificates, and there are none'
  if (!CLUSTER_ID.test(clusterId)) return 'the id of the cell’s cluster is none'
  if (new Set(machines.map(one => one.machine)).size < machines.length)
    return 'two machines of the cell have one number'
  if (machines.find(one => one.machine === machine)?.host !== host)
    return 'the cell has this machine at another address'
  return Object.values(passwords).every(password => SAFE.test(password))
    ? undefined
    : 'a password has characters that are not taken'
}

const wrongAuthority = ({ certificate, ca, hub }: JoinAnswer, authority: string | undefined): string | undefined => {
  const texts = [certificate, ca, hub.ca].filter(text => text !== undefined)
  if (texts.some(text => text.length > MAX_PEM)) return 'a certificate is too long'
  if (authority === undefined)
    return certificate === undefined && ca === undefined
      ? undefined
      : 'it has certificates, and the token names no authority'
  if (ca === undefined) return 'a certificate is missing'
  // What the hub's broker has its certificate of may be another one: its Kafka may be somebody else's.
  return hashOfCertificate(ca) === authority ? undefined : 'its authority is not the token’s'
}

const wrongCertificate = ({ certificate, ca }: JoinAnswer, key: string): string | undefined => {
  if (certificate === undefined || ca === undefined) return 'a certificate is missing'
  try {
    const own = new X509Certificate(certificate)
    if (!own.checkPrivateKey(createPrivateKey(key))) return 'the certificate is for another key'
    return own.verify(new X509Certificate(ca).publicKey) ? undefined : 'the certificate is not the authority’s'
  } catch {
    return 'a certificate cannot be read'
  }
}
