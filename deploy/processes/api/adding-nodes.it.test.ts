// Nodes that administrators add, over HTTP and on the command line, and every join that is refused.
import { randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Api, type JoinRequest } from '#api'
import { openAdmin, openProducer } from '#hub'
import { type Answer } from './ask.fixture.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'
import {
  auditedJoins,
  joinRequest,
  newestOf,
  newNodeKey,
  nodeCalls,
  type NodeKey,
  until,
} from './joining-node.fixture.ts'

const kafka = inject('kafka')
/** The hub's users of other test files' nodes are still there. */
const NAME = `fresh${randomBytes(3).toString('hex')}`

let instance: TestInstance
let api: Api
let key: NodeKey
let token: string

const { call, add, joinWith } = nodeCalls(() => ({ url: api.url, adminToken: instance.adminToken }))
const request = (of = token, by = key): Promise<JoinRequest> => joinRequest(of, by, kafka.node)
const node = async (name = NAME): Promise<Answer['body']> => (await call('GET', `/nodes/${name}`)).body

beforeAll(async () => {
  instance = await openTestInstance(kafka, { withoutNode: true })
  await instance.startRedis()
  api = await instance.open()
  key = await newNodeKey()
})
afterAll(() => instance?.close())

describe('a node that is added', () => {
  test('is expected, and its token is shown once; asked for again there is a new one in its place', async () => {
    const first = await add({ name: NAME, labels: { rack: 'a7' }, limits: { filters: 3 } })
    expect(first).toMatch(/^skyjoin_[0-9a-z]{10}_[0-9a-z]{40}_0{32}$/)
    token = await add({ name: NAME })
    const view = await node()
    expect(view).toMatchObject({ state: 'expected', labels: { rack: 'a7' }, limits: { filters: 3 }, shards: 0 })
    expect(view.reached).toBeNull()
    expect(JSON.stringify(view)).not.toMatch(/skyjoin_|sealed|sha256/)
    expect((await joinWith(await request(first))).body).toMatchObject({ status: 403, code: 'API_JOIN_TOKEN_UNKNOWN' })
  })
  test('has the next free number as its name where none is given', async () => {
    expect(await add({})).toMatch(/^skyjoin_/)
    expect(await node('node1')).toMatchObject({ state: 'expected' })
    expect((await call('DELETE', '/nodes/node1')).status).toBe(204)
    expect((await call('GET', '/nodes/node1')).body.code).toBe('API_NODE_UNKNOWN')
  })
  test('is not called as the hub is, nor with what a Kafka user cannot have', async () => {
    expect((await call('POST', '/nodes', { name: 'hub' })).body.code).toBe('API_NAME_RESERVED')
    for (const name of ['Node', 'a', 'a.b', `a${'b'.repeat(31)}`, '-a'])
      expect((await call('POST', '/nodes', { name })).body.errors[0].pointer).toBe('/name')
    for (const labels of [{ 'a b': 'c' }, { a: '' }, { a: 'b'.repeat(63) }])
      expect((await call('POST', '/nodes', { name: 'labelled', labels })).body.errors[0].pointer).toMatch(/^\/labels/)
  })
  test('is no cell where there are no certificates by which its machines would know each other', async () => {
    const { body } = await call('POST', '/nodes', { name: 'cell', machines: 3 })
    expect(body).toMatchObject({ status: 409, code: 'API_CELL_PLAIN', detail: expect.stringMatching(/--listen/) })
    expect((await call('GET', '/nodes/cell')).status).toBe(404)
    expect((await call('POST', '/nodes', { name: 'cell', machines: 2 })).body.errors[0].pointer).toBe('/machines')
  })
  test('is not cordoned before it has joined', async () => {
    expect((await call('POST', `/nodes/${NAME}/cordon`)).body).toMatchObject({ status: 409, code: 'API_NODE_STATE' })
  })
})

describe('a join is refused', () => {
  const changed = (change: (request: JoinRequest) => JoinRequest) => async () => change(await request())
  const facts = (over: Partial<JoinRequest['facts']>) => changed(one => ({ ...one, facts: { ...one.facts, ...over } }))
  const table: readonly (readonly [what: string, request: () => Promise<unknown>, code: string, said: RegExp])[] = [
    [
      'with half a token',
      () => request(token.slice(0, 40)),
      '400 API_JOIN_TOKEN_FORM',
      /no join token, or not a whole one.*92 characters.*skysieve node add NAME/,
    ],
    [
      'with a token of another system',
      () => request(token.replace(/0{32}$/, 'a'.repeat(32))),
      '403 API_JOIN_ELSEWHERE',
      /made by another system, whose brokers have another certificate authority/,
    ],
    [
      'with a guessed secret',
      () => request(token.replace(/_[0-9a-z]{40}_/, `_${'x'.repeat(40)}_`)),
      '403 API_JOIN_TOKEN_UNKNOWN',
      /is not known: a newer one took its place, or its node was removed/,
    ],
    ['as another node', changed(one => ({ ...one, name: 'node9' })), '409 API_JOIN_NAME', /not for “node9”/],
    ['with a request that is none', changed(one => ({ ...one, csr: 'x' })), '422 API_JOIN_REQUEST', /request/],
    [
      'for a name of somebody else’s',
      async () => ({ ...(await request()), csr: await key('127.0.0.1', 'example.org') }),
      '422 API_JOIN_REQUEST',
      /asks for "example\.org", but the node's address is 127\.0\.0\.1/,
    ],
    [
      'with a clock that is 3 s ahead',
      async () => facts({ clockMs: Date.now() + 3000 })(),
      '422 API_JOIN_CLOCK',
      /clock is ahead of this system's by [23]\.\d s; 2 s are allowed.*timedatectl set-ntp true/,
    ],
    [
      'with a clock that is 3 s behind',
      async () => facts({ clockMs: Date.now() - 3000 })(),
      '422 API_JOIN_CLOCK',
      /clock is behind, or its request took long: it differs from this system's by \d+\.\d s/,
    ],
    [
      'with an older Skysieve',
      facts({ version: '0.0.9' }),
      '422 API_JOIN_VERSION',
      /runs Skysieve 0\.0\.9, this system \d+\.\d+\.\d+.*update it, then join again/,
    ],
    [
      'with a newer Kafka',
      facts({ kafkaVersion: '99.0.0' }),
      '422 API_JOIN_VERSION',
      /runs Kafka 99\.0\.0, the hub .*update the hub first/,
    ],
    [
      'with too small a disk',
      facts({ diskFreeBytes: 499_999_999 }),
      '422 API_JOIN_DISK',
      /has 0\.5 GB of disk for its data and needs 1\.0 GB.*--data-dir/,
    ],
    ['with five shards', changed(one => ({ ...one, shards: 5 })), '400 API_REQUEST_INVALID', /./],
    [
      'with a fact that nobody asked for',
      changed(one => ({ ...one, facts: { ...one.facts, more: 1 } as never })),
      '400 API_REQUEST_INVALID',
      /./,
    ],
    ['without anything', async () => ({}), '400 API_REQUEST_INVALID', /./],
  ]
  test.each(table)('%s', async (_what, wrong, code, said) => {
    const { body } = await joinWith(await wrong())
    expect(`${body.status} ${body.code}`).toBe(code)
    expect(body.detail).toMatch(said)
    expect(JSON.stringify(body)).not.toContain(token)
    expect(await node()).toMatchObject({ state: 'expected' })
  })
  test('with a body of megabytes, or of another type', async () => {
    expect((await joinWith({ token: 'x'.repeat(3_000_000) })).body.code).toBe('API_BODY_TOO_LARGE')
    expect((await joinWith('"text"')).status).toBe(400)
  })
  test('when its token has expired', async () => {
    const late = await add({ name: 'late' })
    const record = JSON.parse((await newestOf(kafka.hub, 'node/late')) ?? '')
    record.invitation.expiresAt = new Date(Date.now() - 1).toISOString()
    const producer = await openProducer(kafka.hub, { clientId: 'nodes-test' })
    await producer.send([{ topic: 'skysieve.nodes', key: 'node/late', value: JSON.stringify(record) }])
    await producer.close()
    const body = await request(late, await newNodeKey())
    const { body: refused } = await until(
      () => joinWith(body),
      ({ status }) => status !== 200,
    )
    expect(refused).toMatchObject({
      status: 403,
      code: 'API_JOIN_TOKEN_EXPIRED',
      detail: expect.stringMatching(/token of “late” expired at .*make a new one: skysieve node add late/),
    })
    expect((await call('DELETE', '/nodes/late')).status).toBe(204)
  })
  test('and no user was made for it; of who has no good token only the refusal is written down', async () => {
    const hub = openAdmin(kafka.hub)
    expect(await hub.listUsers()).not.toContain(`skysieve-worker-${NAME}`)
    await hub.close()
    const audit = await auditedJoins(api.url, instance.adminToken)
    expect(audit.some(({ code, phase }) => code === 'API_JOIN_CLOCK' && phase === 'ended')).toBe(true)
    const unknown = audit.filter(({ code }) => code === 'API_JOIN_TOKEN_UNKNOWN' || code === 'API_JOIN_ELSEWHERE')
    expect(unknown.length).toBeGreaterThan(0)
    for (const { phase, target } of unknown) expect({ phase, target }).toEqual({ phase: 'ended', target: {} })
  })
})

describe('on the command line', () => {
  const cli = (...argv: string[]) => instance.cli(['node', ...argv, '--url', api.url], { token: instance.adminToken })

  test('a node is added, its token on the screen or in a file that only its owner reads', async () => {
    const shown = await cli('add', 'edge', '--labels', 'rack=b,disk=ssd', '--limit-filters', '10', '--json')
    expect(JSON.parse(shown.stdout)).toMatchObject({
      mirror: 'edge',
      token: expect.stringMatching(/^skyjoin_/),
      labels: { rack: 'b', disk: 'ssd' },
      limits: { filters: 10 },
    })
    const file = join(instance.dir, 'edge.token')
    const written = await cli('add', 'edge', '--token-file', 'edge.token')
    expect(written).toMatchObject({ exitCode: 0, stderr: '' })
    expect(written.stdout).not.toContain('skyjoin_')
    expect(readFileSync(file, 'utf8')).toMatch(/^skyjoin_.*\n$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await cli('add', 'edge', '--token-file', 'edge.token')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/there already/),
    })
  })
  test('what is mistyped is refused before a token is made', async () => {
    for (const wrong of [
      ['--labels', 'rack'],
      ['--limit-filters', 'many'],
      ['--minutes', '0'],
    ])
      expect((await cli('add', 'other', ...wrong)).exitCode).toBe(2)
    const refused = await cli('add', 'hub', '--token-file', 'hub.token')
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/API_NAME_RESERVED/) })
    expect(() => statSync(join(instance.dir, 'hub.token'))).toThrow(/ENOENT/)
    expect((await call('GET', '/nodes/other')).status).toBe(404)
  })
  test('nodes are listed, shown, and removed', async () => {
    expect(JSON.parse((await cli('list')).stdout)).toMatchObject([{ mirror: 'edge' }, { mirror: NAME }])
    expect(JSON.parse((await cli('show', 'edge')).stdout)).toMatchObject({ state: 'expected' })
    expect(await cli('cordon', 'edge')).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/not joined yet/) })
    expect(await cli('remove', 'edge')).toMatchObject({ exitCode: 0 })
    expect((await cli('show', 'edge')).stderr).toMatch(/API_NODE_UNKNOWN/)
  })
})
