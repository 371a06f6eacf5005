// How a node's record changes, as pure functions: added, invited again, cordoned, let go on, taken away; and whether filters may be placed there.
import { type Manifest } from '#filters'
import { type NodeInvitation, type NodeLabels, type NodeLimits, type NodeRecord } from '../control/node-records.ts'
import { ApiError } from '../errors.ts'

/** What an administrator says of a node; what is left out of a second asking stays. */
export interface NodeWishes {
  readonly labels?: NodeLabels | undefined
  readonly limits?: NodeLimits | undefined
}

const MAX_NUMBERED = 10_000

/** The first of node1, node2, … that nobody has. */
export function freeName(isTaken: (name: string) => boolean): string {
  for (let at = 1; at <= MAX_NUMBERED; at++) if (!isTaken(`node${at}`)) return `node${at}`
  throw new ApiError('API_NAME_TAKEN', `node1 to node${MAX_NUMBERED} are all taken; name the node yourself.`)
}

/** A node that has been added and has not joined; with a cell it is one of three machines. */
export const newNode = (
  name: string,
  { labels = {}, limits = {} }: NodeWishes,
  made: Pick<NodeRecord, 'sealed' | 'hubUsers' | 'invitation' | 'cell'>,
  now: string,
): NodeRecord => ({
  name,
  state: 'expected',
  labels,
  limits,
  ...made,
  shards: 0,
  bootstrap: '',
  createdAt: now,
  updatedAt: now,
})

/**
 * A new token in place of the old one; of a cell, one for each machine that has not joined. Throws ApiError API_NAME_TAKEN for a node that has joined,
 * or is expected with another number of machines.
 */
export function invitedAgain(
  record: NodeRecord,
  { labels, limits }: NodeWishes,
  invitations: readonly NodeInvitation[],
  now: string,
): NodeRecord {
  const { name, state } = record
  if (state !== 'expected') {
    const message =
      state === 'removing'
        ? `The node “${name}” is being removed; try again in a few seconds.`
        : `There already is a node “${name}”, which has joined. Choose another name; or, if that one is lost for good, remove it first: skysieve node remove ${name}`
    throw new ApiError('API_NAME_TAKEN', message, { problems: [{ pointer: '/name', message: 'taken' }] })
  }
  const changed = {
    ...record,
    ...(labels === undefined ? {} : { labels }),
    ...(limits === undefined ? {} : { limits }),
    updatedAt: now,
  }
  const [invitation] = invitations
  if (record.cell === undefined && invitations.length === 1 && invitation !== undefined)
    return { ...changed, invitation }
  if (record.cell !== undefined && invitations.length === record.cell.machines.length) {
    const machines = record.cell.machines.map((one, at) =>
      one.host === undefined ? { ...one, invitation: invitations[at] ?? one.invitation } : one,
    )
    return { ...changed, cell: { ...record.cell, machines } }
  }
  const expected = record.cell === undefined ? 'one machine' : 'a cell of three machines'
  const message = `The node “${name}” is expected as ${expected}. Add it as that; or, to have it otherwise, remove it first: skysieve node remove ${name}`
  throw new ApiError('API_NAME_TAKEN', message, { problems: [{ pointer: '/machines', message: 'another number' }] })
}

export const unknownNode = (name: string): ApiError =>
  new ApiError('API_NODE_UNKNOWN', `There is no node “${name}”. GET /v1/nodes lists those there are.`)

const refuse = ({ name }: NodeRecord, why: string): never => {
  throw new ApiError('API_NODE_STATE', `The node “${name}” stays as it is: ${why}.`)
}

/** Takes no new filters from now on and keeps those it has; a drain ends where it is. Throws ApiError API_NODE_STATE. */
export function cordoned(record: NodeRecord, now: string): NodeRecord {
  if (record.state === 'cordoned') return record
  if (record.state === 'expected') return refuse(record, 'it has not joined yet, and gets no filters before')
  if (record.state === 'removing') return refuse(record, 'it is being removed')
  return { ...record, state: 'cordoned', updatedAt: now }
}

/** Takes new filters again. Throws ApiError API_NODE_STATE. */
export function uncordoned(record: NodeRecord, now: string): NodeRecord {
  if (record.state === 'active') return record
  if (record.state === 'expected')
    return refuse(record, 'it has not joined yet, and takes filters by itself once it has')
  if (record.state === 'removing') return refuse(record, 'it is being removed')
  return { ...record, state: 'active', updatedAt: now }
}

/** Its end begins; it takes part in nothing from now on. */
export const leaving = (record: NodeRecord, now: string): NodeRecord =>
  record.state === 'removing' ? record : { ...record, state: 'removing', updatedAt: now }

/** Filters that have to do with a node. */
export interface NodeUse {
  /** Placed there. */
  readonly placed: number
  /** On their way there. */
  readonly coming: number
  /** Moved away, while the node finishes the visits it has begun of them. */
  readonly finishing: number
}

export function useOf(name: string, manifests: Iterable<Manifest>, nowMs: number): NodeUse {
  let [placed, coming, finishing] = [0, 0, 0]
  for (const { state, placement, moving, handover } of manifests) {
    if (state === 'deleted') continue
    if (placement?.mirror === name) placed += 1
    if (moving?.to.mirror === name) coming += 1
    if (handover?.from.mirror === name && Date.parse(handover.until) > nowMs) finishing += 1
  }
  return { placed, coming, finishing }
}

/** How many filters are placed on each node that has any. */
export function placedByNode(manifests: Iterable<Manifest>): Map<string, number> {
  const placed = new Map<string, number>()
  for (const { state, placement } of manifests)
    if (state !== 'deleted' && placement !== null) placed.set(placement.mirror, (placed.get(placement.mirror) ?? 0) + 1)
  return placed
}

/** Throws ApiError API_NODE_IN_USE while a node has filters: they would stand still, and nobody would take them over. */
export function requireUnused(name: string, { placed, coming, finishing }: NodeUse): void {
  const filters = (count: number): string => `${count} filter${count === 1 ? '' : 's'}`
  const facts = [
    ...(placed > 0 ? [`has ${filters(placed)}`] : []),
    ...(coming > 0 ? [`is the destination of ${filters(coming)}`] : []),
    ...(finishing > 0 ? [`still finishes visits of ${filters(finishing)} that moved away`] : []),
  ]
  if (facts.length === 0) return
  const next =
    placed + coming > 0
      ? `Give its filters to other nodes (skysieve node drain ${name}), and remove it when they are there; or, where it never comes back, skysieve node remove ${name} --force`
      : 'Try again when it has.'
  throw new ApiError('API_NODE_IN_USE', `The node “${name}” ${facts.join(', and ')}. ${next}`)
}
