// An administrator adds a node: its record, with all that the platform makes for it, and the token that it joins with.
import { clusterId } from '#hub'
import { randomText } from '../accounts/bearer-token.ts'
import { HUB } from '../brokers/brokers.ts'
import { type NodeInvitation, type NodeRecord, type NodeSecrets } from '../control/node-records.ts'
import { ApiError } from '../errors.ts'
import { newPassword } from '../subscribers/kafka-password.ts'
import { CELL_MACHINES, newCell } from './cell-joining.ts'
import { authorityMark, mintJoinToken } from './join-token.ts'
import { sealSecrets } from './node-access.ts'
import { freeName, invitedAgain, newNode, type NodeWishes } from './node-changes.ts'
import { type NodePlatform } from './node-platform.ts'

/** Each is read with every list of nodes, and connected to. */
const MAX_NODES = 1000
const TOKEN_CHARS = 40

export interface NodeAddition extends NodeWishes {
  /** Chosen when absent. */
  readonly name: string | undefined
  /** How long its tokens are good. */
  readonly minutes: number
  /** Three of them stand in for each other. */
  readonly machines: 1 | 3
}

/** A token, and for which machine of a cell it is. */
export interface MachineToken {
  readonly machine: number
  readonly token: string
}

/**
 * A record `expected` and its tokens, which are in the answer and nowhere else: one for each machine. Of one that is expected already, those that have
 * not joined get new ones. Throws ApiError API_NAME_TAKEN, API_NAME_RESERVED, API_CELL_PLAIN or API_QUOTA_REACHED.
 */
export async function addNode(
  platform: NodePlatform,
  { name: wanted, minutes, machines, ...wishes }: NodeAddition,
): Promise<{ readonly record: NodeRecord; readonly tokens: readonly MachineToken[] }> {
  const { controlState, writes, joining, nowMs } = platform
  if (wanted === HUB) {
    const message = `“${HUB}” is the hub's own broker; choose another name.`
    throw new ApiError('API_NAME_RESERVED', message, { problems: [{ pointer: '/name', message: 'reserved' }] })
  }
  const { authority } = joining
  if (machines === CELL_MACHINES && authority === undefined) {
    const message =
      'The machines of a cell know each other by certificates, and this system speaks plain text: start the hub with --listen ADDRESS, or add nodes of one machine.'
    throw new ApiError('API_CELL_PLAIN', message, { problems: [{ pointer: '/machines', message: 'not here' }] })
  }
  const minted = Array.from({ length: machines }, () => mintJoinToken(authorityMark(authority)))
  const record = await writes.change(async writer => {
    const ms = nowMs()
    const now = new Date(ms).toISOString()
    const expiresAt = new Date(ms + minutes * 60_000).toISOString()
    const invitations = minted.map(({ id, sha256 }): NodeInvitation => ({ tokenId: id, sha256, expiresAt }))
    const nodes = controlState.nodes()
    const name = wanted ?? freeName(one => isKnown(platform, one))
    const before = controlState.node(name)
    if (before === undefined && nodes.length >= MAX_NODES)
      throw new ApiError(
        'API_QUOTA_REACHED',
        `There are ${MAX_NODES} nodes, as many as a system has; remove one first.`,
      )
    const next = before
      ? invitedAgain(before, wishes, invitations, now)
      : newNode(name, wishes, { ...(await makeUsers(platform, name, machines)), ...invitedBy(invitations) }, now)
    await writer.node(next)
    return next
  })
  const known = new Set(
    [record.invitation, ...(record.cell?.machines ?? []).map(one => one.invitation)].map(one => one?.tokenId),
  )
  return {
    record,
    tokens: minted.flatMap(({ id, token }, at) => (known.has(id) ? { machine: at + 1, token } : [])),
  }
}

const invitedBy = (invitations: readonly NodeInvitation[]): Pick<NodeRecord, 'invitation' | 'cell'> => {
  const [invitation] = invitations
  return invitations.length === CELL_MACHINES || invitation === undefined
    ? { cell: newCell(clusterId(), invitations) }
    : { invitation }
}

/** Also those of former versions, which report without a record. */
const isKnown = ({ controlState, brokers }: NodePlatform, name: string): boolean =>
  controlState.node(name) !== undefined ||
  brokers.address(name) !== undefined ||
  controlState.shards().some(({ mirror }) => mirror === name)

/**
 * Passwords of its two users on the hub, of the API's user on its broker, and its own token. Of a cell also those that its three machines share, so
 * that another can take the place of one.
 */
async function makeUsers(
  { box, joining: { nodeUsers } }: NodePlatform,
  name: string,
  machines: number,
): Promise<Pick<NodeRecord, 'sealed' | 'hubUsers'>> {
  const users = nodeUsers(name)
  const [mirrorMaker, worker] = [await newPassword(box, users.mirrorMaker), await newPassword(box, users.worker)]
  const secrets: NodeSecrets = {
    api: randomText(TOKEN_CHARS),
    mirrorMaker: mirrorMaker.password,
    worker: worker.password,
    token: `skynode_${randomText(TOKEN_CHARS)}`,
    ...(machines === CELL_MACHINES ? { cell: newCellPasswords() } : {}),
  }
  return {
    sealed: sealSecrets(box, name, secrets),
    hubUsers: [
      { user: users.mirrorMaker, ...mirrorMaker.kept },
      { user: users.worker, ...worker.kept },
    ],
  }
}

const newCellPasswords = (): NonNullable<NodeSecrets['cell']> => {
  const [admin, mirrorMaker, worker] = [randomText(TOKEN_CHARS), randomText(TOKEN_CHARS), randomText(TOKEN_CHARS)]
  return { admin, mirrorMaker, worker }
}
