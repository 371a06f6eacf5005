// A node of this machine joins the hub beside it: the launcher, which has the administrator's token, invites it first.
import { isDeepStrictEqual } from 'node:util'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { DeployError } from '../../errors.ts'
import { askApi, type ApiAccess } from '../seed/ask-api.ts'
import { type Address, type Identity, readIdentity, writeToken } from './identity.ts'
import { joinAgain, type JoinContext, joinWith } from './join-node.ts'

const FIRST_REFUSAL = 300
const Invited = Type.Object({ token: Type.String({ maxLength: 200 }) })

export interface LocalJoin extends JoinContext {
  readonly name: string
  readonly adminToken: string
}

/** Whether a node knows all that it needs: one that joined a former version was not told where it reports, and asks once more. */
export const knowsAll = (known: Identity | undefined, address: Address): boolean =>
  known?.answer.statusTopic !== undefined && isDeepStrictEqual(known.address, address)

/** Who it is: as it is kept, or as it is told now. Throws as joinWith, and DEPLOY_JOIN where the API invites no node of that name. */
export const joinLocally = async (node: LocalJoin): Promise<Identity> => {
  const known = readIdentity(node.dir)
  if (known !== undefined) return knowsAll(known, node.address) ? known : joinWith(known.token, node)
  const again = await joinAgain(node)
  if (again !== undefined) return again
  const invited = await invite({ apiUrl: node.apiUrl, adminToken: node.adminToken }, node.name, node.signal)
  writeToken(node.dir, invited)
  return joinWith(invited, node)
}

const invite = async (api: ApiAccess, name: string, signal: AbortSignal): Promise<string> => {
  const { status, text } = await askApi(api, { method: 'POST', path: '/v1/nodes', body: { name } }, signal)
  const body: unknown = status < FIRST_REFUSAL ? JSON.parse(text) : undefined
  if (Value.Check(Invited, body)) return body.token
  throw new DeployError(
    'DEPLOY_JOIN',
    `The API does not take ${name} for a node: it answered ${status}: ${text.slice(0, 500)}`,
  )
}
