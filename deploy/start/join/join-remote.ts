// A node alone on its machine joins a hub elsewhere, with a token that its operator brings in a file.
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { DeployError } from '../../errors.ts'
import { authorityOf } from './authority.ts'
import { writeKeystore } from './keystore.ts'
import { type Identity, readIdentity, readToken, writeToken } from './identity.ts'
import { joinAgain, type JoinContext, joinWith } from './join-node.ts'

/** Who it is: as it is kept, for which no hub is needed, or as it is told now. Throws as joinWith, and DEPLOY_OPTION for a token file that cannot be read. */
export const joinRemotely = async (node: JoinContext, tokenFile: string | undefined): Promise<Identity> => {
  const known = readIdentity(node.dir)
  if (known !== undefined) {
    const { address, apiUrl, token } = known
    return isDeepStrictEqual({ address, apiUrl }, { address: node.address, apiUrl: node.apiUrl })
      ? known
      : joinWith(token, node)
  }
  const [kept, given] = [readToken(node.dir), tokenFile === undefined ? undefined : textOf(tokenFile)]
  if (kept !== given || given === undefined) {
    const again = await joinAgain(node)
    if (again !== undefined) return again
  }
  if (given === undefined)
    throw new DeployError(
      'DEPLOY_OPTION',
      'This machine is no node yet: give the join token by --token-file FILE. `skysieve node add NAME`, where the hub is administered, prints one.',
    )
  // What is no token is not kept.
  authorityOf(given)
  writeToken(node.dir, given)
  return joinWith(given, node)
}

/**
 * Asks a hub that a node has joined what there is to know now: addresses, topics and a new certificate, for the next start. Resolves to what the
 * hub says where it knows the node no more, and else to undefined; a hub that is away is waited for until the signal.
 */
export const learnAnew = async ({ token }: Identity, node: JoinContext): Promise<string | undefined> =>
  joinWith(token, { ...node, note: () => undefined }).then(
    ({ answer }) => {
      writeKeystore(node.dir, answer)
      return undefined
    },
    (error: unknown) => {
      if (node.signal.aborted) return undefined
      return error instanceof Error ? error.message : String(error)
    },
  )

/** The hub is asked for so long before a machine of a cell starts. */
const LEARN_LIMIT_MS = 5000

/**
 * What the hub says now to a machine of a cell, before it starts: whether another has taken its place, and where the two others are. A hub that does not
 * answer in five seconds is not waited for. Throws DeployError DEPLOY_JOIN_REFUSED where its place is another's.
 */
export const learnFirst = async (
  identity: Identity,
  node: JoinContext,
  limitMs = LEARN_LIMIT_MS,
): Promise<Identity> => {
  if (identity.answer.cell === undefined) return identity
  const signal = AbortSignal.any([node.signal, AbortSignal.timeout(limitMs)])
  return joinWith(identity.token, { ...node, signal }).catch((error: unknown) => {
    node.signal.throwIfAborted()
    if (error instanceof DeployError && error.code === 'DEPLOY_JOIN_REFUSED') throw error
    return identity
  })
}

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new DeployError('DEPLOY_OPTION', `--token-file ${file} cannot be read (${why}).`, { cause: error })
  }
}
