import { describe, expect, test } from 'vitest'
import { type CellMachine, type NodeRecord } from '../control/node-records.ts'
import {
  brokersOf,
  type CellRecord,
  joinedCell,
  joinedOf,
  newCell,
  placeOffered,
  requireFitsCell,
} from './cell-joining.ts'
import { authorityMark, mintJoinToken } from './join-token.ts'
import { joinRequest, NOW_MS } from './join.fixture.ts'
import { peerName } from './join-messages.ts'
import { invitedNode, requireInvited } from './joining.ts'
import { invitedAgain, leaving, newNode } from './node-changes.ts'
import { details, expectedNode, joinedNode } from './nodes.fixture.ts'
import { requireLost } from './replace-machine.ts'

const now = details.now
const later = '2026-11-21T00:10:00.000Z'
const tokens = [1, 2, 3].map(() => mintJoinToken(authorityMark(undefined)))
const invitations = tokens.map(({ id, sha256 }) => ({ tokenId: id, sha256, expiresAt: '2026-11-21T01:00:00.000Z' }))
const { sealed, hubUsers } = expectedNode
const expected = newNode('far', {}, { sealed, hubUsers, cell: newCell('cluster', invitations) }, now) as CellRecord

const keyOf = (machine: number): string => String(machine).repeat(64)
const at = (machine: number, over: object = {}) =>
  joinRequest({ address: { host: `10.0.0.${machine}`, port: 21_100 }, shards: 1, ...over })
const join = (record: CellRecord, machine: number, request = at(machine), keySha256 = keyOf(machine)): CellRecord =>
  joinedCell(record, machine, request, { ...details, keySha256 })
const complete = [1, 2, 3].reduce((record, machine) => join(record, machine), expected)
const machine = (record: NodeRecord, number: number): CellMachine | undefined => record.cell?.machines[number - 1]

describe('a token of a cell', () => {
  test('leads to its machine, and is good for the first key that comes with it', () => {
    const found = invitedNode(tokens[1]?.token ?? '', [joinedNode, expected], authorityMark(undefined))
    expect([found.record, found.machine]).toEqual([expected, 2])
    expect(() => requireInvited(found, {}, keyOf(2), NOW_MS)).not.toThrow()
    const used = invitedNode(tokens[1]?.token ?? '', [complete], authorityMark(undefined))
    expect(() => requireInvited(used, {}, keyOf(2), NOW_MS)).not.toThrow()
    expect(() => requireInvited(used, {}, keyOf(9), NOW_MS)).toThrow(
      /machine 2 of “far” was used before.*replace-machine far 2/,
    )
  })
  test('is made anew for the machines that have not joined, and for no other number of machines', () => {
    const two = join(expected, 2)
    const again = invitedAgain(
      two,
      { limits: { filters: 3 } },
      invitations.map(one => ({ ...one, tokenId: `new ${one.tokenId}` })),
      later,
    )
    expect([1, 2, 3].map(number => machine(again, number)?.invitation.tokenId.startsWith('new'))).toEqual([
      true,
      false,
      true,
    ])
    expect(again).toMatchObject({ limits: { filters: 3 }, updatedAt: later })
    expect(() => invitedAgain(expected, {}, invitations.slice(1, 2), later)).toThrow(/expected as a cell of three/)
    expect(() => invitedAgain(expectedNode, {}, invitations, later)).toThrow(/expected as one machine/)
    expect(() => invitedAgain(complete, {}, invitations, later)).toThrow(/has joined/)
  })
})

describe('the machines of a cell', () => {
  test('wait until all three have joined, in any order, and then are one node with an address and a shard each', () => {
    const two = join(join(expected, 3), 1)
    expect([two.state, two.bootstrap, joinedOf(two.cell)]).toEqual(['expected', '', 2])
    const all = join(two, 2, at(2, { shards: 2 }))
    expect(all).toMatchObject({
      state: 'active',
      shards: 4,
      bootstrap: '10.0.0.1:21100,10.0.0.2:21100,10.0.0.3:21100',
      joinedAt: now,
    })
    expect(new Set([1, 2, 3].map(number => peerName('far', number))).size).toBe(3)
  })
  test('that ask again change nothing', () => {
    expect(join(complete, 2)).toBe(complete)
    const half = join(expected, 1)
    expect(join(half, 1)).toBe(half)
  })
  test('may move to another address, and keep their shards and what an operator wants of the node', () => {
    const moved = join(
      { ...complete, state: 'cordoned', reachedAt: now },
      2,
      at(2, { address: { host: 'fd00::2', port: 21_100 }, shards: 4 }),
    )
    expect(moved).toMatchObject({ state: 'cordoned', shards: 3, reachedAt: now })
    expect(moved.bootstrap).toBe('10.0.0.1:21100,[fd00::2]:21100,10.0.0.3:21100')
  })
  test.each([
    [
      'the address of another',
      { host: '10.0.0.1', port: 21_100 },
      /Machine 1 of “far” has joined as 10\.0\.0\.1 already/,
    ],
    ['another port', { host: '10.0.0.2', port: 22_100 }, /listen at port 21100, and this one at 22100/],
    ['an address that only it can reach', { host: '127.0.0.1', port: 21_100 }, /--listen ADDRESS/],
    ['such a name', { host: 'LOCALHOST', port: 21_100 }, /--listen ADDRESS/],
  ])('are refused with %s', (_, address, why) => {
    const one = join(expected, 1)
    expect(() => requireFitsCell(one, 2, { address })).toThrow(why)
    expect(() => requireFitsCell(one, 2, { address })).toThrow(expect.objectContaining({ code: 'API_JOIN_ADDRESS' }))
  })
  test('are let through with addresses of their own, the first at any port', () => {
    expect(() => requireFitsCell(expected, 2, { address: { host: 'a.example.org', port: 1 } })).not.toThrow()
    expect(() => requireFitsCell(complete, 2, at(2))).not.toThrow()
  })
})

describe('a machine that is lost for good', () => {
  const invitation = { tokenId: 'new', sha256: '0'.repeat(64), expiresAt: later }
  const offered = placeOffered(complete, 2, invitation, later)

  test('gives its place to another, which has its number; the node goes on meanwhile', () => {
    expect(offered).toMatchObject({ state: 'active', bootstrap: complete.bootstrap, shards: 3 })
    expect(machine(offered, 2)).toEqual({ machine: 2, invitation, host: '10.0.0.2' })
    const replaced = join(offered, 2, at(4), keyOf(4))
    expect(replaced).toMatchObject({
      state: 'active',
      shards: 3,
      bootstrap: '10.0.0.1:21100,10.0.0.4:21100,10.0.0.3:21100',
    })
    expect(machine(replaced, 2)).toMatchObject({ host: '10.0.0.4', invitation: { usedBy: keyOf(4) }, workers: 1 })
  })
  test('is let in no more by its token', () => {
    const ask = () => invitedNode(tokens[1]?.token ?? '', [offered], authorityMark(undefined))
    expect(ask).toThrow(expect.objectContaining({ code: 'API_JOIN_TOKEN_UNKNOWN' }))
  })
  test('is one of a cell that has joined', () => {
    expect(() => placeOffered(joinedNode, 2, invitation, later)).toThrow(/is one machine.*node remove node3 --force/)
    expect(() => placeOffered(expected, 2, invitation, later)).toThrow(/node add far --cell/)
    expect(() => placeOffered(leaving(complete, later) as CellRecord, 2, invitation, later)).toThrow(/being removed/)
  })
  test('does not answer, and the two others do', () => {
    const answers = (...there: number[]) =>
      [...brokersOf(complete.cell)].map(([number, where]) => ({ number, at: where, isThere: there.includes(number) }))
    expect(() => requireLost('far', 2, answers(1, 3))).not.toThrow()
    expect(() => requireLost('far', 2, answers(1, 2, 3))).toThrow(
      /is alive: its broker answers at 10\.0\.0\.2:21100.*--force/,
    )
    expect(() => requireLost('far', 2, answers(1))).toThrow(/Machine 3 of “far” does not answer either.*--force/)
  })
})
