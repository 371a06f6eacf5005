// An administrator gives the place of a machine of a cell, which is lost for good, to another one.
import { type NodeRecord } from '../control/node-records.ts'
import { ApiError } from '../errors.ts'
import { brokersOf, placeOffered } from './cell-joining.ts'
import { authorityMark, mintJoinToken } from './join-token.ts'
import { unknownNode } from './node-changes.ts'
import { type NodePlatform } from './node-platform.ts'

export interface MachineReplacement {
  readonly name: string
  /** 1 to 3. */
  readonly machine: number
  /** How long the token is good. */
  readonly minutes: number
  /** Also where the machine answers, or another one does not. */
  readonly force: boolean
}

/**
 * A token for that place, which is in the answer and nowhere else; the key of the machine before is let in no more.
 * Throws ApiError API_NODE_UNKNOWN or API_NODE_STATE.
 */
export async function replaceMachine(
  platform: NodePlatform,
  { name, machine, minutes, force }: MachineReplacement,
): Promise<string> {
  const { controlState, writes, brokers, joining, nowMs } = platform
  const { id: tokenId, token, sha256 } = mintJoinToken(authorityMark(joining.authority))
  const offered = (): NodeRecord => {
    const record = controlState.node(name)
    if (record === undefined) throw unknownNode(name)
    const ms = nowMs()
    const invitation = { tokenId, sha256, expiresAt: new Date(ms + minutes * 60_000).toISOString() }
    return placeOffered(record, machine, invitation, new Date(ms).toISOString())
  }
  const { cell } = offered()
  if (!force && cell !== undefined) {
    const answers = await Promise.all(
      [...brokersOf(cell)].map(async ([number, at]) => ({ number, at, isThere: await brokers.answersAt(name, at) })),
    )
    requireLost(name, machine, answers)
  }
  await writes.change(async writer => writer.node(offered()))
  return token
}

/** Throws ApiError API_NODE_STATE for a machine that is alive, and while another one is not: what only that one has would be lost. */
export function requireLost(
  name: string,
  machine: number,
  answers: readonly { readonly number: number; readonly at: string; readonly isThere: boolean }[],
): void {
  const own = answers.find(({ number }) => number === machine)
  const forced = `skysieve node replace-machine ${name} ${machine} --force`
  if (own?.isThere === true) {
    const message = `Machine ${machine} of “${name}” is alive: its broker answers at ${own.at}. Stop it first; or, to give its place away all the same: ${forced}`
    throw new ApiError('API_NODE_STATE', message)
  }
  const other = answers.find(({ number, isThere }) => number !== machine && !isThere)
  if (other !== undefined) {
    const message = `Machine ${other.number} of “${name}” does not answer either, at ${other.at}: what it has and machine ${machine} had may be nowhere else. Bring it back first; or, where that cannot be: ${forced}`
    throw new ApiError('API_NODE_STATE', message)
  }
}
