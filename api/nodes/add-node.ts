// An administrator adds a node: its record, with all that the platform makes for it, and the token that it joins with.
import { randomText } from '../accounts/bearer-token.ts'
import { HUB } from '../brokers/brokers.ts'
import { type NodeInvitation, type NodeRecord, type NodeSecrets } from '../control/node-records.ts'
import { ApiError } from '../errors.ts'
import { newPassword } from '../subscribers/kafka-password.ts'
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
  /** How long its token is good. */
  readonly minutes: number
}

/**
 * A record `expected` and its token, which is in the answer and nowhere else; one that is expected already gets a new token.
 * Throws ApiError API_NAME_TAKEN, API_NAME_RESERVED or API_QUOTA_REACHED.
 */
export async function addNode(
  platform: NodePlatform,
  { name: wanted, minutes, ...wishes }: NodeAddition,
): Promise<{ readonly record: NodeRecord; readonly token: string }> {
  const { controlState, writes, brokers, nowMs } = platform
  if (wanted === HUB) {
    const message = `“${HUB}” is the hub's own broker; choose another name.`
    throw new ApiError('API_NAME_RESERVED', message, { problems: [{ pointer: '/name', message: 'reserved' }] })
  }
  const { id: tokenId, token, sha256 } = mintJoinToken(authorityMark(brokers.security(HUB).ca))
  const record = await writes.change(async writer => {
    const ms = nowMs()
    const now = new Date(ms).toISOString()
    const invitation: NodeInvitation = { tokenId, sha256, expiresAt: new Date(ms + minutes * 60_000).toISOString() }
    const nodes = controlState.nodes()
    const name = wanted ?? freeName(one => isKnown(platform, one))
    const before = controlState.node(name)
    if (before === undefined && nodes.length >= MAX_NODES)
      throw new ApiError(
        'API_QUOTA_REACHED',
        `There are ${MAX_NODES} nodes, as many as a system has; remove one first.`,
      )
    const next = before
      ? invitedAgain(before, wishes, invitation, now)
      : newNode(name, wishes, { ...(await makeUsers(platform, name)), invitation }, now)
    await writer.node(next)
    return next
  })
  return { record, token }
}

/** Also those of former versions, which report without a record. */
const isKnown = ({ controlState, brokers }: NodePlatform, name: string): boolean =>
  controlState.node(name) !== undefined ||
  brokers.address(name) !== undefined ||
  controlState.shards().some(({ mirror }) => mirror === name)

/** Passwords of its two users on the hub, of the API's user on its broker, and its own token. */
async function makeUsers(
  { box, joining: { nodeUsers } }: NodePlatform,
  name: string,
): Promise<Pick<NodeRecord, 'sealed' | 'hubUsers'>> {
  const users = nodeUsers(name)
  const [mirrorMaker, worker] = [await newPassword(box, users.mirrorMaker), await newPassword(box, users.worker)]
  const secrets: NodeSecrets = {
    api: randomText(TOKEN_CHARS),
    mirrorMaker: mirrorMaker.password,
    worker: worker.password,
    token: `skynode_${randomText(TOKEN_CHARS)}`,
  }
  return {
    sealed: sealSecrets(box, name, secrets),
    hubUsers: [
      { user: users.mirrorMaker, ...mirrorMaker.kept },
      { user: users.worker, ...worker.kept },
    ],
  }
}
