// A node joins: its record becomes active, its users are made on the hub, and it is told all that it needs.
// Everything before the record is written can be refused without a trace; everything after it can be repeated by the same key.
import { X509Certificate } from 'node:crypto'
import { STREAMS } from '#hub'
import { statusTopicOf } from '#filters'
import { HUB } from '../brokers/brokers.ts'
import { type NodeRecord, type NodeSecrets } from '../control/node-records.ts'
import { statusTopicSpec } from '../control/node-reports.ts'
import { registryFor } from '../settings.ts'
import { readCertificateRequest } from './certificate-request.ts'
import { applyNodeUser } from './hub-users.ts'
import { CELL_MACHINES, isCell, joinedCell, joinedOf, requireFitsCell } from './cell-joining.ts'
import { type JoinAnswer, type JoinedCell, type JoinRequest, type JoinWaiting, peerName } from './join-messages.ts'
import { authorityMark } from './join-token.ts'
import { type Invited, invitedNode, joined, type JoinDetails, requireFit, requireInvited } from './joining.ts'
import { sealSecrets, unsealSecrets } from './node-access.ts'
import { type NodePlatform } from './node-platform.ts'

const DAY_CHARS = 'YYYY-MM-DD'.length

/** The node, or the machine of one, that a token is for. Throws ApiError API_JOIN_TOKEN_FORM, API_JOIN_ELSEWHERE or API_JOIN_TOKEN_UNKNOWN. */
export const nodeOfToken = (
  { controlState, joining }: Pick<NodePlatform, 'controlState' | 'joining'>,
  token: string,
): Invited => invitedNode(token, controlState.nodes(), authorityMark(joining.authority))

/**
 * Lets a node join, or answers one that has joined once more; a machine of a cell is told to wait while others have not joined. `receivedMs` is when the
 * request came. Throws ApiError API_JOIN_…, API_LEADER_MISSING or API_MIRROR_DOWN.
 */
export async function joinNode(
  platform: NodePlatform,
  request: JoinRequest,
  receivedMs: number,
): Promise<JoinAnswer | JoinWaiting> {
  const { writes, box, brokers, settings, joining, apiUser, controlState, nowMs } = platform
  const { machine } = nodeOfToken(platform, request.token)
  const csr = await readCertificateRequest(request.csr)
  const { authority } = joining
  const record = await writes.change(async writer => {
    const invited = nodeOfToken(platform, request.token)
    const before = invited.record
    const ms = nowMs()
    requireInvited(invited, request, csr.keySha256, ms)
    requireFit(request, csr, { ...joining, nodeDiskBytes: settings.nodeDiskBytes }, receivedMs)
    const known = unsealSecrets(box, before)
    const secrets = withApiUser(known, request)
    const next = joinedBy(invited, request, {
      keySha256: csr.keySha256,
      secrets,
      sealed: secrets === known ? undefined : sealSecrets(box, before.name, secrets),
      ca: authority,
      now: new Date(ms).toISOString(),
    })
    if (next !== before) await writer.node(next)
    return next
  })
  const { name, shards, cell } = record
  if (cell !== undefined && machine !== undefined && joinedOf(cell) < CELL_MACHINES)
    return { name, machine, joined: joinedOf(cell), of: CELL_MACHINES }
  const secrets = unsealSecrets(box, record)
  const users = joining.nodeUsers(name)
  await brokers.makeTopic(HUB, statusTopicSpec(name))
  for (const user of [users.mirrorMaker, users.worker]) await applyNodeUser(platform, user)
  // A Kafka of somebody else's has a certificate of somebody else's.
  const isSigned = request.kafka === undefined
  const certificate = await (machine === undefined
    ? isSigned
      ? joining.sign?.(request.csr, name, request.address, 'server')
      : undefined
    : joining.sign?.(request.csr, peerName(name, machine), request.address, 'peer'))
  if (certificate !== undefined && machine === undefined) await noteCertificate(platform, name, certificate)
  const { ca: hubCa } = brokers.security(HUB)
  const registryUrl = registryFor(settings)
  return {
    name,
    shards,
    hub: { bootstrap: brokers.address(HUB) ?? '', ...(hubCa === undefined ? {} : { ca: hubCa }) },
    ...(registryUrl === undefined ? {} : { registryUrl }),
    alertTopics: await alertTopics(platform),
    statusTopic: statusTopicOf(name),
    hubUsers: {
      mirrorMaker: { user: users.mirrorMaker, password: secrets.mirrorMaker },
      worker: { user: users.worker, password: secrets.worker },
    },
    apiUser: { user: secrets.apiUser ?? apiUser, password: secrets.api },
    ...(machine === undefined ? {} : { cell: cellFor(record, machine, secrets) }),
    nodeToken: secrets.token,
    metricsTokenSha256: controlState.adminTokenSha256,
    ...(certificate === undefined ? {} : { certificate }),
    ...(authority === undefined ? {} : { ca: authority }),
    reached: record.reachedAt !== undefined,
    ...(record.unreached === undefined ? {} : { why: record.unreached }),
  }
}

const joinedBy = (invited: Invited, request: JoinRequest, details: JoinDetails): NodeRecord => {
  const { record, machine } = invited
  if (machine === undefined || !isCell(record)) return joined(invited, request, details)
  requireFitsCell(record, machine, request)
  return joinedCell(record, machine, request, details)
}

/** What a machine of a cell has to know of all three. */
const cellFor = (record: NodeRecord, machine: number, { cell: passwords }: NodeSecrets): JoinedCell => {
  if (!isCell(record) || passwords === undefined) throw new RangeError(`the node ${record.name} is no cell`)
  const { clusterId, machines } = record.cell
  return {
    machine,
    clusterId,
    machines: machines.map(one => ({ machine: one.machine, host: one.host ?? '' })),
    diskBytes: Math.min(...machines.flatMap(({ facts }) => facts?.diskBytes ?? [])),
    passwords,
  }
}

/** Once a day at most: a node asks often whether it was reached. */
async function noteCertificate({ controlState, writes }: NodePlatform, name: string, pem: string): Promise<void> {
  const certificateUntil = new Date(new X509Certificate(pem).validTo).toISOString().slice(0, DAY_CHARS)
  if (controlState.node(name)?.certificateUntil === certificateUntil) return
  await writes.change(async writer => {
    const now = controlState.node(name)
    if (now !== undefined) await writer.node({ ...now, certificateUntil })
  })
}

/** With the API's user on the node's Kafka as it is given; the same where that is known. */
const withApiUser = (known: NodeSecrets, { kafka }: JoinRequest): NodeSecrets => {
  const given = kafka?.apiUser
  if (given === undefined || (given.user === known.apiUser && given.password === known.api)) return known
  return { ...known, api: given.password, apiUser: given.user }
}

/** Those of the streams' alert topics that the hub has. */
async function alertTopics({ brokers }: NodePlatform): Promise<JoinAnswer['alertTopics']> {
  const found: JoinAnswer['alertTopics'] = []
  for (const { topic } of Object.values(STREAMS)) {
    const described = await brokers.describeTopic(HUB, topic)
    if (described !== undefined) found.push({ name: topic, partitions: described.partitions })
  }
  return found
}
