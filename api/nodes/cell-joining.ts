// The machines of a cell join one after the other. Pure: its record before all have joined, when they have, and when another takes the place of one that is lost.
import { isIPv6 } from 'node:net'
import { hashToken } from '../accounts/bearer-token.ts'
import { type CellMachine, type NodeCell, type NodeInvitation, type NodeRecord } from '../control/node-records.ts'
import { ApiError } from '../errors.ts'
import { type JoinRequest } from './join-messages.ts'
import { canonical, type JoinDetails } from './joining.ts'

export const CELL_MACHINES = 3

export type CellRecord = NodeRecord & { readonly cell: NodeCell }

export const isCell = (record: NodeRecord): record is CellRecord => record.cell !== undefined

/** A cell of which nobody has joined. */
export const newCell = (clusterId: string, invitations: readonly NodeInvitation[]): NodeCell => ({
  clusterId,
  machines: invitations.map((invitation, at) => ({ machine: at + 1, invitation })),
})

const machineOf = ({ machines }: NodeCell, number: number): CellMachine => {
  const found = machines.find(({ machine }) => machine === number)
  if (found === undefined) throw new RangeError(`a cell has no machine ${number}`)
  return found
}

/** How many have joined; the place of one that another shall take counts as long as that one is not there. */
export const joinedOf = ({ machines }: NodeCell): number => machines.filter(({ host }) => host !== undefined).length

const refusal = (message: string, pointer: string): ApiError =>
  new ApiError('API_JOIN_ADDRESS', message, { problems: [{ pointer, message }] })

const isLoopback = (host: string): boolean => /^(localhost|127\..*|::1)$/.test(canonical(host))

/** Lets a machine through that the two others can reach beside each other. Throws ApiError API_JOIN_ADDRESS. */
export function requireFitsCell(
  { name, cell }: CellRecord,
  number: number,
  { address, kafka }: Pick<JoinRequest, 'address' | 'kafka'>,
): void {
  const { host, port } = address
  if (kafka !== undefined) {
    const message = `“${name}” is three machines with brokers of their own: start this one without --node-kafka. A Kafka that is there already has brokers enough, so one machine with it is a node: skysieve node add NAME.`
    throw refusal(message, '/kafka')
  }
  if (isLoopback(host)) {
    const message = `The machines of “${name}” reach each other over the network, and ${host} is each one's own: start this one with --listen ADDRESS.`
    throw refusal(message, '/address/host')
  }
  const others = cell.machines.filter(one => one.machine !== number && one.host !== undefined)
  const same = others.find(one => canonical(one.host ?? '') === canonical(host))
  if (same !== undefined) {
    const message = `Machine ${same.machine} of “${name}” has joined as ${host} already, and three that stand in for each other have three addresses. Start this one on another machine, with its own --listen or --advertise.`
    throw refusal(message, '/address/host')
  }
  if (others.length > 0 && cell.port !== undefined && cell.port !== port) {
    const message = `The brokers of “${name}” listen at port ${cell.port}, and this one at ${port}: give all three machines the same --port-base.`
    throw refusal(message, '/address/port')
  }
}

const bracketed = (host: string): string => (isIPv6(host) ? `[${host}]` : host)

/**
 * The record once a machine has joined with its key: it is active when it was the last of the three. The same request again changes nothing; from
 * another address the others learn it when they ask.
 */
export function joinedCell(
  record: CellRecord,
  number: number,
  { address: { host, port }, shards: workers, facts }: JoinRequest,
  { keySha256, secrets, ca, now }: JoinDetails,
): CellRecord {
  const before = machineOf(record.cell, number)
  if (before.invitation.usedBy === keySha256 && before.host === host && record.cell.port === port) return record
  const { clockMs: _clock, diskFreeBytes: _free, ...machine } = facts
  const own: CellMachine = {
    machine: number,
    invitation: { ...before.invitation, usedBy: keySha256 },
    host,
    workers,
    facts: machine,
    joinedAt: before.joinedAt ?? now,
  }
  const machines = record.cell.machines.map(one => (one.machine === number ? own : one))
  const cell = { ...record.cell, port, machines }
  const rest = { ...record, cell, updatedAt: now, ...(ca === undefined ? {} : { ca }) }
  if (joinedOf(cell) < CELL_MACHINES) return rest
  return {
    ...rest,
    // As of a node of one machine: it is told where to report.
    ...(record.state === 'expected' ? { state: 'active' as const, reportsAlone: true } : {}),
    // Fixed from now on: one for each worker process, so three at least.
    shards: record.state === 'expected' ? machines.reduce((sum, one) => sum + (one.workers ?? 1), 0) : record.shards,
    bootstrap: [...brokersOf(cell).values()].join(','),
    tokenSha256: hashToken(secrets.token),
    joinedAt: record.joinedAt ?? now,
  }
}

/**
 * The record once another machine is invited to take a place; the others keep its address until that one has joined. Throws ApiError API_NODE_STATE for
 * a node that is no cell, or not one yet.
 */
export function placeOffered(record: NodeRecord, number: number, invitation: NodeInvitation, now: string): CellRecord {
  const { name, state } = record
  const refuse = (why: string): never => {
    throw new ApiError('API_NODE_STATE', `The node “${name}” stays as it is: ${why}`)
  }
  if (!isCell(record))
    return refuse(
      `it is one machine, for which no other stands in. Where it never comes back: skysieve node remove ${name} --force`,
    )
  if (state === 'expected')
    return refuse(`not all its machines have joined. New tokens for the others: skysieve node add ${name} --cell`)
  if (state === 'removing') return refuse('it is being removed.')
  const machines = record.cell.machines.map(one => {
    if (one.machine !== number) return one
    const { host } = one
    return { machine: number, invitation, ...(host === undefined ? {} : { host }) }
  })
  return { ...record, cell: { ...record.cell, machines }, updatedAt: now }
}

/** Where the broker of each machine is, by number; empty for a cell that nobody has joined. */
export const brokersOf = ({ machines, port }: NodeCell): ReadonlyMap<number, string> =>
  new Map(
    machines.flatMap(({ machine, host }) =>
      host === undefined || port === undefined ? [] : [[machine, `${bracketed(host)}:${port}`] as const],
    ),
  )
