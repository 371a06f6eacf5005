// A node that is expected and one that has joined, and the token of both: for tests of the rules.
import { type NodeInvitation, type NodeRecord } from '../control/node-records.ts'
import { now } from '../submissions/manifests.fixture.ts'
import { authorityMark, mintJoinToken } from './join-token.ts'
import { joinRequest } from './join.fixture.ts'
import { type Invited, joined } from './joining.ts'
import { newNode } from './node-changes.ts'

const { id: tokenId, token, sha256 } = mintJoinToken(authorityMark(undefined))
export { token }
export const KEY = 'a'.repeat(64)
const invitation: NodeInvitation = { tokenId, sha256, expiresAt: '2026-11-21T01:00:00.000Z' }
export const expectedNode: NodeRecord = newNode(
  'node3',
  {},
  {
    sealed: 'sealed-secrets',
    hubUsers: ['skysieve-mm2-node3', 'skysieve-worker-node3'].map(user => ({
      user,
      iterations: 4096,
      salt: `salt-of-${user}`,
      sealed: `sealed-${user}`,
    })),
    invitation,
  },
  now,
)
export const details = { keySha256: KEY, secrets: { token: 'skynode_x' }, ca: undefined, now }
/** A record, and its own invitation. */
export const invited = (record: NodeRecord): Invited => ({ record, invitation: record.invitation ?? invitation })
export const joinedNode: NodeRecord = { ...joined(invited(expectedNode), joinRequest(), details), reachedAt: now }
