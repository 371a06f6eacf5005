// Dead letters as an operator handles them: over HTTP and the command line, on real brokers.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { framePacket, HUB_DEAD_LETTERS, openAdmin, openLogReader, openProducer, type Producer, STREAMS } from '#hub'
import { type Answer, ask } from './ask.fixture.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'

const kafka = inject('kafka')
const { topic } = STREAMS.lsst
const NODE_DEAD_LETTERS = 'skysieve.dead-letters'
/** Of no schema of these brokers until a test registers it. */
const SCHEMA_ID = 770_020

let instance: TestInstance
let url: string
let hub: Producer
let node: Producer

const call = (method: string, path: string, token: string): Promise<Answer> => ask(method, url + path, { token })

/** A packet as an archiver or a node puts it aside. */
const letter = (
  value: Buffer,
  source: string,
  reason = 'HUB_SCHEMA_UNKNOWN',
  headers: Record<string, string> = {},
) => ({
  value,
  headers: {
    ...headers,
    'skysieve-reason': reason,
    'skysieve-message': 'The packet could not be read',
    'skysieve-source': source,
  },
})

beforeAll(async () => {
  instance = await openTestInstance(kafka, { secondNode: true })
  await instance.startRedis()
  for (const [access, names] of [
    [kafka.hub, [HUB_DEAD_LETTERS, topic]],
    [kafka.node, [NODE_DEAD_LETTERS]],
    [kafka.second, [NODE_DEAD_LETTERS]],
  ] as const) {
    const admin = openAdmin(access)
    await admin.deleteTopics(names.filter(name => name !== topic))
    const known = await admin.listTopics()
    await admin.createTopics(names.filter(name => name !== topic || !known.includes(name)).map(name => ({ name })))
    await admin.close()
  }
  ;({ url } = await instance.open())
  hub = await openProducer(kafka.hub, { clientId: 'test-letters' })
  node = await openProducer(kafka.node, { clientId: 'test-letters' })
})
afterAll(async () => {
  await Promise.all([hub?.close(), node?.close()])
  await instance?.close()
})

test('without a dead letter the list says so; with some it has the newest first, of hub and nodes, with reason, source and a look at them', async () => {
  const none = await instance.cli(['dead-letters', 'list', '--url', url, '--json'], { token: instance.adminToken })
  expect(none).toMatchObject({ exitCode: 0, stdout: '[]\n' })
  const packets = [1, 2, 3, 4, 5].map(n => framePacket(SCHEMA_ID + n, Buffer.from(`packet ${n}`)))
  await hub.send(packets.map((packet, n) => ({ topic: HUB_DEAD_LETTERS, ...letter(packet, `${topic}-0-${n}`) })))
  await node.send([
    { topic: NODE_DEAD_LETTERS, ...letter(Buffer.from('no frame'), `${topic}-3-77`, 'HUB_PACKET_MAGIC') },
  ])
  const first = await call('GET', '/v1/dead-letters?limit=2', instance.adminToken)
  expect(first.body.items.map(({ offset }: { offset: string }) => offset)).toEqual(['4', '3'])
  const second = await call('GET', `/v1/dead-letters?limit=2&cursor=${first.body.nextCursor}`, instance.adminToken)
  expect(second.body.items.map(({ offset }: { offset: string }) => offset)).toEqual(['2', '1'])
  const third = await call('GET', `/v1/dead-letters?limit=2&cursor=${second.body.nextCursor}`, instance.adminToken)
  expect(third.body).toMatchObject({ items: [{ offset: '0' }], nextCursor: null })
  const listed = await instance.cli(['dead-letters', 'list', '--url', url, '--json'], { token: instance.adminToken })
  const letters = JSON.parse(listed.stdout)
  expect(letters).toHaveLength(6)
  expect(letters[0]).toMatchObject({
    broker: 'hub',
    reason: 'HUB_SCHEMA_UNKNOWN',
    schemaId: SCHEMA_ID + 5,
    stream: 'lsst',
  })
  const ofNode = await call('GET', '/v1/dead-letters?broker=node1', instance.adminToken)
  expect(ofNode.body.items).toMatchObject([
    { broker: 'node1', reason: 'HUB_PACKET_MAGIC', schemaId: null, source: `${topic}-3-77`, bytes: 8 },
  ])
})

test('one is shown whole, and what is none is 404', async () => {
  const file = join(instance.dir, 'letter.bin')
  const shown = await instance.cli(['dead-letters', 'show', 'hub/2', '--url', url, '--out', file], {
    token: instance.adminToken,
  })
  expect(shown).toMatchObject({ exitCode: 0 })
  expect(readFileSync(file).equals(framePacket(SCHEMA_ID + 3, Buffer.from('packet 3')))).toBe(true)
  for (const path of ['/hub/99', '/nowhere/0', '?broker=nowhere'])
    expect(await call('GET', `/v1/dead-letters${path}`, instance.adminToken)).toMatchObject({
      status: 404,
      body: { code: 'API_DEAD_LETTER_UNKNOWN' },
    })
  expect(
    (await instance.cli(['dead-letters', 'show', 'hub', '--url', url], { token: instance.adminToken })).exitCode,
  ).toBe(2)
})

test('it is sent again only when its schema can be read by then, byte for byte and with its own headers', async () => {
  const reader = openLogReader(kafka.hub, { clientId: 'test-letters', topic })
  const before = await reader.end()
  const packet = framePacket(SCHEMA_ID, Buffer.from([2, 4]))
  await hub.send([
    { topic: HUB_DEAD_LETTERS, ...letter(packet, `${topic}-0-9`, 'HUB_SCHEMA_UNKNOWN', { survey: 'mine' }) },
  ])
  const refused = await call('POST', '/v1/dead-letters/hub/5/retry', instance.adminToken)
  expect(refused).toMatchObject({ status: 409, body: { code: 'API_STATE_CONFLICT' } })
  expect(refused.body.detail).toMatch(/schema 770020/)
  expect((await call('POST', '/v1/dead-letters/node1/0/retry', instance.adminToken)).body.detail).toMatch(/no frame/)

  const schema = JSON.stringify({ type: 'record', name: 'Alert', fields: [{ name: 'a', type: 'int' }] })
  const value = JSON.stringify({ subject: 'letters', version: 1, id: SCHEMA_ID, schema, deleted: false })
  const key = JSON.stringify({ keytype: 'SCHEMA', subject: 'letters', version: 1, magic: 1 })
  await hub.send([{ topic: '_schemas', key, value }])
  await expect
    .poll(async () => (await call('POST', '/v1/dead-letters/hub/5/retry', instance.adminToken)).body, {
      timeout: 15_000,
    })
    .toEqual({ topic })
  const { records } = await reader.read(before, 5000)
  expect(records).toHaveLength(1)
  expect(records[0]?.value?.equals(packet)).toBe(true)
  expect(records[0]?.headers.map(([name, text]) => [name, String(text)])).toEqual([['survey', 'mine']])
  await reader.close()
})

test('they are the administrators’', async () => {
  await call('GET', '/v1/me', instance.adminToken)
  const made = await fetch(`${url}/v1/accounts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${instance.adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'reader' }),
  })
  expect(made.status).toBe(201)
  const token = await fetch(`${url}/v1/accounts/reader/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${instance.adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ label: 'x' }),
  })
  const { token: reader } = (await token.json()) as { token: string }
  expect((await call('GET', '/v1/dead-letters', reader)).status).toBe(403)
  expect((await call('POST', '/v1/dead-letters/hub/0/retry', reader)).status).toBe(403)
})

test('of two nodes, each with a topic of that name, an administrator describes and reads either', async () => {
  const report = { shard: 0, shards: 1, filters: 0, lagAlerts: 0, updatedAt: new Date().toISOString() }
  await hub.send(
    ['node1', 'node2'].map(mirror => ({
      topic: 'skysieve.status',
      key: `node/${mirror}/0`,
      value: JSON.stringify({ mirror, ...report }),
    })),
  )
  const onSecond = await openProducer(kafka.second, { clientId: 'test-letters' })
  await onSecond.send([{ topic: NODE_DEAD_LETTERS, ...letter(Buffer.from('of node2'), `${topic}-0-1`) }])
  await onSecond.close()
  const own = async (args: readonly string[]) =>
    instance.cli(['topic', ...args, '--url', url, '--json'], { token: instance.adminToken })
  await expect
    .poll(async () => {
      const topics = JSON.parse((await own(['list'])).stdout) as { name: string; mirror: string }[]
      return topics.flatMap(({ name, mirror }) => (name === NODE_DEAD_LETTERS ? [mirror] : []))
    })
    .toEqual(['node1', 'node2'])

  const first = await own(['describe', NODE_DEAD_LETTERS])
  expect(JSON.parse(first.stdout)).toMatchObject({ mirror: 'node1', bootstrap: kafka.node.bootstrap })
  expect(first.stderr).toMatch(/is on node1, node2: this is node1’s; others with --mirror NODE/)
  const second = JSON.parse((await own(['describe', NODE_DEAD_LETTERS, '--mirror', 'node2'])).stdout)
  expect(second).toMatchObject({ mirror: 'node2', bootstrap: kafka.second.bootstrap })
  expect(second.hint).toMatch(`skysieve topic credential ${NODE_DEAD_LETTERS} --mirror node2`)

  for (const [mirror, { bootstrap }] of [
    ['node1', kafka.node],
    ['node2', kafka.second],
  ] as const) {
    const made = await own(['credential', NODE_DEAD_LETTERS, '--mirror', mirror])
    expect(JSON.parse(made.stdout)).toMatchObject({ topic: NODE_DEAD_LETTERS, bootstrap })
    const described = await own(['describe', NODE_DEAD_LETTERS, '--mirror', mirror])
    expect(JSON.parse(described.stdout).consumers.kcat).toContain(bootstrap)
    const read = await own(['consume', NODE_DEAD_LETTERS, '--mirror', mirror, '--limit', '1'])
    expect(read.stdout.trim().split('\n')).toHaveLength(1)
  }
  const unknown = await own(['describe', NODE_DEAD_LETTERS, '--mirror', 'node3'])
  expect(unknown.exitCode).not.toBe(0)
  expect(unknown.stderr).toMatch(/no topic “skysieve.dead-letters” on a node “node3”/)
})
