// Whether a node may join, and its record once it has. Pure: join-node.ts does what follows. Read it first in this folder.
// In: what a node says, the key it says it with, the records. Out: its record, or a refusal that says why and what to do.
import { isIPv6 } from 'node:net'
import { hashToken, tokenMatches } from '../accounts/bearer-token.ts'
import { type NodeInvitation, type NodeRecord, type NodeSecrets } from '../control/node-records.ts'
import { ApiError, type ApiErrorCode } from '../errors.ts'
import { type CertificateRequest, refusedRequest } from './certificate-request.ts'
import { type JoinRequest } from './join-messages.ts'
import { parseJoinToken } from './join-token.ts'

/** Visits are closed by time, on nodes too: those of a node whose clock is far off would be closed early or late. */
const MAX_CLOCK_DIFFERENCE_MS = 2000
/** Names by which everybody means their own machine, so that a certificate for them gives nothing away. */
const OWN_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1'])

/** What a node has to fit. */
export interface JoinedSystem {
  /** Of this software, and of the hub's Kafka. */
  readonly version: string
  readonly kafkaVersion: string
  /** What a node's data takes, with room to spare. */
  readonly nodeDiskBytes: number
}

const refusal = (code: ApiErrorCode, pointer: string, message: string): ApiError =>
  new ApiError(code, message, { problems: [{ pointer, message }] })

/** Whom a token is for. */
export interface Invited {
  readonly record: NodeRecord
  readonly invitation: NodeInvitation
  /** Of a cell: which of its machines. */
  readonly machine?: number
}

const invitationsOf = (record: NodeRecord): readonly Invited[] => [
  ...(record.invitation === undefined ? [] : [{ record, invitation: record.invitation }]),
  ...(record.cell?.machines ?? []).map(({ machine, invitation }) => ({ record, invitation, machine })),
]

/**
 * The node, or the machine of a cell, that a token was made for; `authority` is this system's mark (join-token.ts). Nothing is written by this, so it may be asked of anybody's token.
 * Throws ApiError API_JOIN_TOKEN_FORM, API_JOIN_ELSEWHERE or API_JOIN_TOKEN_UNKNOWN.
 */
export function invitedNode(token: string, nodes: readonly NodeRecord[], authority: string): Invited {
  const parts = parseJoinToken(token)
  const again = 'ask an administrator for a new one: skysieve node add NAME'
  if (parts === undefined) {
    const message = `This is no join token, or not a whole one: it begins with “skyjoin_” and has 92 characters. Copy it again, or ${again}.`
    throw refusal('API_JOIN_TOKEN_FORM', '/token', message)
  }
  if (parts.authority !== authority) {
    const message = `The join token was made by another system, whose brokers have another certificate authority. Join that one, or ${again}.`
    throw refusal('API_JOIN_ELSEWHERE', '/token', message)
  }
  const found = nodes.flatMap(invitationsOf).find(({ invitation }) => invitation.tokenId === parts.id)
  if (found === undefined || found.record.state === 'removing' || !tokenMatches(token, found.invitation.sha256)) {
    const message = `The join token is not known: a newer one took its place, or its node was removed. Use the newest, or ${again}.`
    throw refusal('API_JOIN_TOKEN_UNKNOWN', '/token', message)
  }
  return found
}

/**
 * Lets through who may join as this node now: the first key that comes with its token before that expires, and the same key ever after.
 * Throws ApiError API_JOIN_TOKEN_USED, API_JOIN_TOKEN_EXPIRED or API_JOIN_NAME.
 */
export function requireInvited(
  { record: { name }, invitation: { usedBy, expiresAt }, machine }: Invited,
  { name: wanted }: Pick<JoinRequest, 'name'>,
  keySha256: string,
  nowMs: number,
): void {
  if (usedBy !== undefined && usedBy !== keySha256) {
    const whose = machine === undefined ? `“${name}”` : `machine ${machine} of “${name}”`
    const next =
      machine === undefined
        ? `remove the node (skysieve node remove ${name}). Then add it anew.`
        : `take its place back (skysieve node replace-machine ${name} ${machine}).`
    const message = `The join token of ${whose} was used before, with another key. If that was not you, somebody else has it: ${next}`
    throw refusal('API_JOIN_TOKEN_USED', '/token', message)
  }
  if (usedBy === undefined && Date.parse(expiresAt) <= nowMs) {
    const message = `The join token of “${name}” expired at ${expiresAt}; make a new one: skysieve node add ${name}${machine === undefined ? '' : ' --cell'}.`
    throw refusal('API_JOIN_TOKEN_EXPIRED', '/token', message)
  }
  if (wanted !== undefined && wanted !== name) {
    const message = `The join token is for the node “${name}”, not for “${wanted}”. Join without a name, or with one for that node: skysieve node add ${wanted}.`
    throw refusal('API_JOIN_NAME', '/name', message)
  }
}

/**
 * Lets a machine through that fits the system; `receivedMs` is when its request came.
 * Throws ApiError API_JOIN_REQUEST, API_JOIN_VERSION, API_JOIN_CLOCK or API_JOIN_DISK.
 */
export function requireFit(
  { address: { host }, facts, kafka }: Pick<JoinRequest, 'address' | 'facts' | 'kafka'>,
  { hosts }: CertificateRequest,
  { version, kafkaVersion, nodeDiskBytes }: JoinedSystem,
  receivedMs: number,
): void {
  const own = canonical(host)
  const asked = hosts.map(canonical)
  const other = asked.find(name => name !== own && !OWN_NAMES.has(name))
  if (other !== undefined)
    throw refusedRequest(`asks for ${JSON.stringify(other.slice(0, 100))}, but the node's address is ${host}`)
  if (!asked.includes(own)) throw refusedRequest(`does not name ${host}, the node's address`)
  if (isOlder(facts.version, version)) {
    const message = `The node runs Skysieve ${facts.version}, this system ${version}. A node may be newer than its system and not older: update it, then join again.`
    throw refusal('API_JOIN_VERSION', '/facts/version', message)
  }
  if (isOlder(kafkaVersion, facts.kafkaVersion)) {
    const message = `The node runs Kafka ${facts.kafkaVersion}, the hub ${kafkaVersion}. A node's Kafka is not newer than the hub's: update the hub first, or run the hub's on the node.`
    throw refusal('API_JOIN_VERSION', '/facts/kafkaVersion', message)
  }
  const lateMs = receivedMs - facts.clockMs
  if (Math.abs(lateMs) > MAX_CLOCK_DIFFERENCE_MS) {
    const seconds = (Math.abs(lateMs) / 1000).toFixed(1)
    const how = lateMs < 0 ? 'is ahead of' : 'is behind, or its request took long: it differs from'
    const message = `The node's clock ${how} this system's by ${seconds} s; ${MAX_CLOCK_DIFFERENCE_MS / 1000} s are allowed, because visits are closed by time. Set it by NTP (timedatectl set-ntp true), then join again.`
    throw refusal('API_JOIN_CLOCK', '/facts/clockMs', message)
  }
  // Of topics that are elsewhere its disk has nothing.
  if (kafka === undefined && facts.diskFreeBytes < nodeDiskBytes) {
    const message = `The node has ${gb(facts.diskFreeBytes)} GB of disk for its data and needs ${gb(nodeDiskBytes)} GB: what its topics keep, and a fifth to spare. Give it a larger disk (--data-dir), or let the system keep less.`
    throw refusal('API_JOIN_DISK', '/facts/diskFreeBytes', message)
  }
}

/**
 * The record of a node that joins with a key. The same request again changes nothing; from another address, or with another user for the API, it is
 * reached anew.
 */
export function joined(
  { record, invitation }: Invited,
  { address: { host, port }, kafka, shards, facts }: JoinRequest,
  { keySha256, secrets, sealed, ca: ownCa, now }: JoinDetails,
): NodeRecord {
  const bootstrap = kafka?.bootstrap ?? `${isIPv6(host) ? `[${host}]` : host}:${port}`
  const ca = kafka === undefined ? ownCa : kafka.ca
  const given = kafka !== undefined && !kafka.makesUsers
  const isKnown = invitation.usedBy === keySha256 && record.bootstrap === bootstrap && record.ca === ca
  if (isKnown && sealed === undefined && (record.usersAreGiven ?? false) === given) return record
  const { reachedAt: _reached, unreached: _unreached, ca: _ca, usersAreGiven: _given, ...rest } = record
  const { clockMs: _clock, diskFreeBytes: _free, ...machine } = facts
  return {
    ...rest,
    // One that joins for the first time is told where to report.
    ...(record.state === 'expected' ? { state: 'active' as const, reportsAlone: true } : {}),
    invitation: { ...invitation, usedBy: keySha256 },
    shards: record.state === 'expected' ? shards : record.shards,
    bootstrap,
    ...(ca === undefined ? {} : { ca }),
    ...(given ? { usersAreGiven: true } : {}),
    ...(sealed === undefined ? {} : { sealed }),
    tokenSha256: hashToken(secrets.token),
    machine,
    joinedAt: record.joinedAt ?? now,
    updatedAt: now,
  }
}

export interface JoinDetails {
  readonly keySha256: string
  readonly secrets: Pick<NodeSecrets, 'token'>
  /** Anew, where the API's user on the node's Kafka is another than is known. */
  readonly sealed?: string | undefined
  /** What clients of a broker of the node's own trust; undefined where it speaks plain text. */
  readonly ca: string | undefined
  readonly now: string
}

/** A name or an address in the one form that compares. */
export const canonical = (host: string): string =>
  isIPv6(host) && !host.includes('%') ? new URL(`http://[${host}]`).hostname.slice(1, -1) : host.toLowerCase()

/** By major and minor version; patches fit each other. */
const isOlder = (one: string, other: string): boolean => {
  const [[major = 0, minor = 0], [otherMajor = 0, otherMinor = 0]] = [one, other].map(text =>
    text.split('.').map(Number),
  ) as [number[], number[]]
  return major < otherMajor || (major === otherMajor && minor < otherMinor)
}

const gb = (bytes: number): string => (bytes / 1e9).toFixed(1)
