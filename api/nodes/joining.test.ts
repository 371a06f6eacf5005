import { assert, integer, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { authorityMark, mintJoinToken } from './join-token.ts'
import { AUTHORITY, joinRequest, NOW_MS } from './join.fixture.ts'
import { invitedNode, joined, requireFit, requireInvited } from './joining.ts'
import { details, expectedNode, invited, joinedNode, KEY, token } from './nodes.fixture.ts'

const PLAIN = authorityMark(undefined)
const OTHER_KEY = 'b'.repeat(64)
const system = { version: '0.1.0', kafkaVersion: '4.3.1', nodeDiskBytes: 10e9 }
const kafka = { bootstrap: 'b1:9094,b2:9094', ca: 'PEM of theirs', makesUsers: true }
const csr = { keySha256: KEY, hosts: ['node.example.org', 'localhost', '127.0.0.1'] }

/** The refusal's code and text; undefined where there is none. */
const refusal = (act: () => unknown): { code: string; message: string } | undefined => {
  try {
    act()
    return undefined
  } catch (error) {
    return error as { code: string; message: string }
  }
}

describe('a token', () => {
  const nodes = [expectedNode]
  test('leads to its node', () => {
    expect(invitedNode(token, nodes, PLAIN).record).toBe(expectedNode)
  })
  test('that is cut off says so', () => {
    expect(refusal(() => invitedNode(token.slice(0, -1), nodes, PLAIN))).toMatchObject({ code: 'API_JOIN_TOKEN_FORM' })
  })
  test('of another system is told from one that is unknown', () => {
    const foreign = mintJoinToken(authorityMark(AUTHORITY)).token
    expect(refusal(() => invitedNode(foreign, nodes, PLAIN))).toMatchObject({ code: 'API_JOIN_ELSEWHERE' })
    const unknown = mintJoinToken(PLAIN).token
    expect(refusal(() => invitedNode(unknown, nodes, PLAIN))).toMatchObject({ code: 'API_JOIN_TOKEN_UNKNOWN' })
  })
  test('with the id of one and another secret is unknown', () => {
    const [head, id, secret = '', authority] = token.split('_')
    const forged = [head, id, `${secret.slice(1)}${secret.startsWith('0') ? '1' : '0'}`, authority].join('_')
    expect(refusal(() => invitedNode(forged, nodes, PLAIN))).toMatchObject({ code: 'API_JOIN_TOKEN_UNKNOWN' })
  })
  test('of a node that is being removed is unknown', () => {
    const nodes = [{ ...joinedNode, state: 'removing' as const }]
    expect(refusal(() => invitedNode(token, nodes, PLAIN))).toMatchObject({ code: 'API_JOIN_TOKEN_UNKNOWN' })
  })
  test('is good for the first key that comes with it, again and again', () => {
    expect(refusal(() => requireInvited(invited(expectedNode), {}, KEY, NOW_MS))).toBeUndefined()
    expect(refusal(() => requireInvited(invited(joinedNode), {}, KEY, NOW_MS))).toBeUndefined()
    const used = refusal(() => requireInvited(invited(joinedNode), {}, OTHER_KEY, NOW_MS))
    expect(used).toMatchObject({ code: 'API_JOIN_TOKEN_USED', message: expect.stringMatching(/somebody else/) })
  })
  test('is good until it expires and not a millisecond longer, and for the key that used it ever after', () => {
    const endMs = Date.parse(invited(expectedNode).invitation.expiresAt)
    expect(refusal(() => requireInvited(invited(expectedNode), {}, KEY, endMs - 1))).toBeUndefined()
    expect(refusal(() => requireInvited(invited(expectedNode), {}, KEY, endMs))).toMatchObject({
      code: 'API_JOIN_TOKEN_EXPIRED',
    })
    expect(refusal(() => requireInvited(invited(joinedNode), {}, KEY, endMs + 1))).toBeUndefined()
  })
  test('is for its own node', () => {
    expect(refusal(() => requireInvited(invited(expectedNode), { name: 'node3' }, KEY, NOW_MS))).toBeUndefined()
    expect(refusal(() => requireInvited(invited(expectedNode), { name: 'node4' }, KEY, NOW_MS))).toMatchObject({
      code: 'API_JOIN_NAME',
      message: expect.stringMatching(/“node3”, not for “node4”/),
    })
  })
})

describe('a machine', () => {
  const fit = (facts: object = {}, over: object = {}, hosts: readonly string[] = csr.hosts) =>
    refusal(() => requireFit(joinRequest(over, facts), { ...csr, hosts }, system, NOW_MS))

  test('that fits is let through', () => {
    expect(fit()).toBeUndefined()
  })
  test('may ask for a certificate of its address and of loopback, and for no other', () => {
    expect(fit({}, {}, ['NODE.example.org'])).toBeUndefined()
    for (const hosts of [['other.example.org', 'node.example.org'], ['*.example.org'], ['10.0.0.1'], ['localhost'], []])
      expect(fit({}, {}, hosts)).toMatchObject({ code: 'API_JOIN_REQUEST' })
    const address = { host: 'fd00::1', port: 9092 }
    expect(fit({}, { address }, ['fd00:0:0:0:0:0:0:1'])).toBeUndefined()
    expect(fit({}, { address }, ['fd00::2', 'fd00::1'])).toMatchObject({ code: 'API_JOIN_REQUEST' })
  })
  test('is told by how much its clock differs, and in which direction', () => {
    const ahead = fit({ clockMs: NOW_MS + 3400 })
    expect(ahead).toMatchObject({ code: 'API_JOIN_CLOCK', message: expect.stringMatching(/is ahead of.* by 3\.4 s/) })
    const behind = fit({ clockMs: NOW_MS - 3400 })
    expect(behind).toMatchObject({ code: 'API_JOIN_CLOCK', message: expect.stringMatching(/is behind.* by 3\.4 s/) })
    assert(
      property(integer({ min: -10_000, max: 10_000 }), ms => {
        expect(fit({ clockMs: NOW_MS + ms })?.code).toBe(Math.abs(ms) > 2000 ? 'API_JOIN_CLOCK' : undefined)
      }),
    )
  })
  test('of an older Skysieve or a newer Kafka is refused, of another patch not', () => {
    for (const version of ['0.1.9', '0.2.0', '1.0.0', '0.10.0']) expect(fit({ version })).toBeUndefined()
    expect(fit({ version: '0.0.99' })).toMatchObject({
      code: 'API_JOIN_VERSION',
      message: expect.stringMatching(/0\.0\.99/),
    })
    for (const kafkaVersion of ['4.3.9', '4.2.0', '3.9.0']) expect(fit({ kafkaVersion })).toBeUndefined()
    for (const kafkaVersion of ['4.4.0', '4.10.0', '5.0.0'])
      expect(fit({ kafkaVersion })).toMatchObject({ code: 'API_JOIN_VERSION' })
  })
  test('with too small a disk is told how much it needs', () => {
    expect(fit({ diskFreeBytes: system.nodeDiskBytes })).toBeUndefined()
    expect(fit({ diskFreeBytes: system.nodeDiskBytes - 1 })).toMatchObject({
      code: 'API_JOIN_DISK',
      message: expect.stringMatching(/10\.0 GB/),
    })
    expect(fit({ diskFreeBytes: 0 }, { kafka })).toBeUndefined()
  })
})

describe('the record of a node that joined', () => {
  test('has its address, its shards and its key, and is active', () => {
    expect(joined(invited(expectedNode), joinRequest(), { ...details, ca: AUTHORITY })).toMatchObject({
      state: 'active',
      shards: 2,
      bootstrap: 'node.example.org:21010',
      ca: AUTHORITY,
      invitation: { usedBy: KEY },
      joinedAt: details.now,
      machine: { cores: 8 },
    })
    const address = { host: 'fd00::1', port: 9092 }
    expect(joined(invited(expectedNode), joinRequest({ address }), details).bootstrap).toBe('[fd00::1]:9092')
  })
  test('is the same for the same request', () => {
    expect(joined(invited(joinedNode), joinRequest({ shards: 4 }), details)).toBe(joinedNode)
  })
  test('from another address keeps its shards and its state, and is reached anew', () => {
    const cordoned = { ...joinedNode, state: 'cordoned' as const }
    const moved = joined(invited(cordoned), joinRequest({ address: { host: 'other', port: 1 }, shards: 4 }), details)
    expect(moved).toMatchObject({ state: 'cordoned', shards: 2, bootstrap: 'other:1' })
    expect(moved).not.toHaveProperty('reachedAt')
  })
  test('that uses a Kafka of somebody else’s has its address and authority, and says who makes users there', () => {
    const own = joined(invited(expectedNode), joinRequest({ kafka }), { ...details, ca: AUTHORITY })
    expect(own).toMatchObject({ bootstrap: kafka.bootstrap, ca: kafka.ca })
    expect(own).not.toHaveProperty('usersAreGiven')
    expect(joined(invited(own), joinRequest({ kafka }), { ...details, ca: AUTHORITY })).toBe(own)
    const others = joinRequest({ kafka: { ...kafka, makesUsers: false } })
    const given = joined(invited(own), others, { ...details, sealed: 'anew' })
    expect(given).toMatchObject({ usersAreGiven: true, sealed: 'anew' })
  })
})
