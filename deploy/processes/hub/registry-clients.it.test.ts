// The registry as stock clients know it: Confluent's for Python, the one for kafkajs, and plain requests of the documented REST API.
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openAdmin, openRegistry, openRegistryClient, type Registry } from '#hub'
import { pythonVenvIn } from '../../setup/python-venv.ts'
import { CACHE_DIR } from '../../paths.ts'

const token = randomBytes(12).toString('hex')
const topic = `test.schemas.${randomBytes(3).toString('hex')}`
let registry: Registry

beforeAll(async () => {
  const admin = openAdmin(inject('kafka').hub)
  await admin.createTopics([{ name: topic, configs: { 'cleanup.policy': 'compact' } }])
  await admin.close()
  const writeTokenSha256 = createHash('sha256').update(token).digest('hex')
  registry = await openRegistry({
    access: inject('kafka').hub,
    port: 0,
    topic,
    transactionalId: topic,
    writeTokenSha256,
  })
  await registry.ready
})
afterAll(() => registry?.close())

const ask = async (method: string, path: string, body?: unknown, authorization?: string) => {
  const answer = await fetch(new URL(path, registry.url), {
    method,
    headers: {
      accept: 'application/vnd.schemaregistry.v1+json',
      'content-type': 'application/vnd.schemaregistry.v1+json',
      ...(authorization === undefined ? {} : { authorization }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: answer.status, body: await answer.json() }
}
const bearer = `Bearer ${token}`

test('Confluent’s client for Python registers, compares, refers, serializes and deserializes', async () => {
  const python = join(pythonVenvIn(CACHE_DIR), 'bin/python3')
  const child = spawn(python, [join(import.meta.dirname, 'registry_clients.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(JSON.stringify({ url: registry.url, token, topic: 'python' }))
  expect(JSON.parse(await text(child.stdout))).toEqual({
    refused: [401, 40_101],
    frame: 0,
    id: expect.any(Number),
    read: String(2n ** 60n + 1n),
    readWider: null,
    level: 'FORWARD_TRANSITIVE',
    fits: true,
    misfits: false,
    incompatible: [409, 40_901],
    second: expect.any(Number),
    versions: [1, 2],
    latest: 2,
    lookup: 1,
    subjects: true,
    holder: expect.any(Number),
    references: ['python-value'],
    inUse: [422, 42_206],
    deleted: [1],
    unknown: [404, 40_403],
  })
})

test('the client for kafkajs registers, encodes and decodes', async () => {
  const client = new SchemaRegistry({
    host: registry.url.replace(/\/$/, ''),
    auth: { username: 'anybody', password: token },
  })
  const schema = JSON.stringify({
    type: 'record',
    name: 'K',
    namespace: 'test',
    fields: [{ name: 'flux', type: 'double' }],
  })
  const { id } = await client.register({ type: SchemaType.AVRO, schema }, { subject: 'kafkajs-value' })
  const packet = await client.encode(id, { flux: 1.5 })
  const reader = new SchemaRegistry({ host: registry.url.replace(/\/$/, '') })
  expect(await reader.decode(packet)).toEqual({ flux: 1.5 })
  expect(await reader.getLatestSchemaId('kafkajs-value')).toBe(id)
  await expect(reader.register({ type: SchemaType.AVRO, schema }, { subject: 'other-value' })).rejects.toThrow(/./)
})

test('anybody reads, looks up and compares; only the token changes anything, by any route', async () => {
  const schema = { schema: '"string"' }
  expect((await ask('POST', '/subjects/rest/versions', schema, bearer)).status).toBe(200)
  for (const [method, path] of [
    ['GET', '/subjects'],
    ['GET', '/config'],
    ['POST', '/subjects/rest'],
    ['POST', '/compatibility/subjects/rest/versions/latest'],
  ] as const)
    expect((await ask(method, path, method === 'POST' ? schema : undefined)).status).toBe(200)
  for (const [method, path] of [
    ['POST', '/subjects/rest/versions'],
    ['POST', '/subjects/rest/versions/'],
    ['DELETE', '/subjects/rest'],
    ['DELETE', '/subjects/rest/versions/1'],
    ['PUT', '/config'],
    ['PUT', '/config/rest'],
    ['DELETE', '/config/rest'],
    ['PUT', '/mode'],
    ['PUT', '/mode/rest'],
    ['DELETE', '/mode/rest'],
  ] as const)
    for (const authorization of [undefined, 'Bearer wrong', `Basic ${Buffer.from('a:b').toString('base64')}`]) {
      const { status, body } = await ask(method, path, method === 'DELETE' ? undefined : schema, authorization)
      expect([method, path, status, body]).toMatchObject([method, path, 401, { error_code: 40_101 }])
    }
})

test('the documented answers: contexts, types, metadata, modes, configurations, and a version with metadata', async () => {
  expect((await ask('GET', '/contexts')).body).toEqual(['.'])
  expect((await ask('GET', '/schemas/types')).body).toContain('AVRO')
  expect((await ask('GET', '/v1/metadata/id')).status).toBe(200)
  expect((await ask('GET', '/mode')).body).toEqual({ mode: 'READWRITE' })
  const metadata = { properties: { 'confluent:version': '3', owner: 'rubin' } }
  const { body } = await ask('POST', '/subjects/meta/versions', { schema: '"long"', metadata }, bearer)
  const { id } = body as { id: number }
  expect((await ask('GET', `/schemas/ids/${id}?subject=meta&fetchMaxId=true`)).body).toMatchObject({
    schema: '"long"',
    metadata: { properties: { owner: 'rubin' } },
    maxId: expect.any(Number),
  })
  expect((await ask('GET', '/subjects/:.:meta/versions/latest')).body).toMatchObject({ subject: 'meta', id })
})

test('malformed, huge and endless schemas are refused, and the registry goes on', async () => {
  const deep = `${'{"type":"array","items":'.repeat(50_000)}"int"${'}'.repeat(50_000)}`
  const wide = JSON.stringify({
    type: 'enum',
    name: 'E',
    symbols: Array.from({ length: 600_000 }, (_, at) => `S${at}`),
  })
  const bad: readonly (readonly [string, unknown, number])[] = [
    ['no JSON', '{"schema":', 422],
    ['no schema', {}, 422],
    ['no Avro', { schema: '{"type":"nothing"}' }, 422],
    ['a schema that is no text', { schema: { type: 'int' } }, 422],
    ['a record without fields', { schema: '{"type":"record","name":"R"}' }, 422],
    [
      'two fields of one name',
      { schema: '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}' },
      422,
    ],
    [
      'a name that is not there',
      { schema: '{"type":"record","name":"R","fields":[{"name":"a","type":"Missing"}]}' },
      422,
    ],
    [
      'a reference that is not there',
      { schema: '"int"', references: [{ name: 'X', subject: 'nowhere', version: 1 }] },
      422,
    ],
    ['50,000 arrays in each other', { schema: deep }, 422],
    ['more than 4 MB', { schema: wide }, 422],
    ['another type', { schema: 'syntax = "proto3";', schemaType: 'PROTOBUF' }, 422],
  ]
  for (const [what, body, status] of bad)
    expect([what, (await ask('POST', '/subjects/bad/versions', body, bearer)).status]).toEqual([what, status])
  // A record inside itself is Avro, as lists and trees are; it is taken and compared without end.
  const list = { type: 'record', name: 'L', fields: [{ name: 'next', type: ['null', 'L'] }] }
  const schema = JSON.stringify(list)
  expect((await ask('POST', '/subjects/recursive/versions', { schema }, bearer)).status).toBe(200)
  const path = '/compatibility/subjects/recursive/versions/latest'
  expect((await ask('POST', path, { schema })).body).toMatchObject({ is_compatible: true })
  expect((await ask('GET', '/subjects/bad/versions')).status).toBe(404)
})

test('our own client writes with the password in its URL, and shows it to nobody', async () => {
  const url = new URL(registry.url)
  url.username = 'anybody'
  url.password = token
  expect(await openRegistryClient(url.href).register('ours', '"bytes"')).toEqual(expect.any(Number))
  url.password = 'wrong-password'
  const failure: unknown = await openRegistryClient(url.href)
    .register('ours', '"boolean"')
    .catch((error: unknown) => error)
  expect(String(failure)).toContain('40101')
  expect(String(failure)).not.toContain('wrong-password')
})
