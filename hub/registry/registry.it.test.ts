import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { openLogReader } from '../kafka/consume/log-reader.ts'
import { CONTENT_TYPE, newId, newSchema, newSubject, random, schemaOf, testRegistry } from './registry.fixture.ts'
import { openRegistry } from './registry.ts'
import { openSchemaStore } from './client/schemas-from-topic.ts'
import { syncSchemas } from './client/sync-survey-schemas.ts'

const { topic, access, url, ask, get, register, importSchema, replace } = testRegistry()

describe('registering', () => {
  test('gives ids from 100,000 on, and the same id for the same schema anywhere', async () => {
    const [one, two, schema] = [newSubject(), newSubject(), newSchema()]
    const first = await register(one, schema)
    expect(first).toMatchObject({ status: 200, type: CONTENT_TYPE, answer: { id: expect.any(Number) } })
    const { id } = first.answer as { id: number }
    expect(id).toBeGreaterThanOrEqual(100_000)
    expect((await register(one, schema)).answer).toEqual({ id })
    expect((await register(two, JSON.stringify(JSON.parse(schema), undefined, 2))).answer).toEqual({ id })
    expect(await get(`/subjects/${one}/versions`)).toEqual([1])
    expect(await get(`/schemas/ids/${id}/subjects`)).toEqual([one, two].toSorted())
    expect((await register(one, newSchema())).answer).toEqual({ id: id + 1 })
    expect(await get(`/subjects/${one}/versions`)).toEqual([1, 2])
  })

  test('with an id needs import mode, and import mode needs ids', async () => {
    const [subject, id, schema] = [newSubject(), newId(), newSchema()]
    expect(await register(subject, schema, { id })).toMatchObject({ status: 422, answer: { error_code: 42_205 } })
    await ask('PUT', `/mode/${subject}`, { mode: 'IMPORT' })
    expect(await register(subject, schema)).toMatchObject({ status: 422, answer: { error_code: 42_205 } })
    expect((await register(subject, schema, { id, version: id })).answer).toEqual({ id })
    expect(await register(subject, newSchema(), { id })).toMatchObject({ status: 422, answer: { error_code: 42_205 } })
    await ask('PUT', `/mode/${subject}`, { mode: 'READWRITE' })
    expect(await get(`/subjects/${subject}/versions/latest`)).toEqual({ subject, version: id, id, schema })
    // As Rubin's tool registers the schema for its topic.
    expect(
      (await register(newSubject(), schema, { metadata: { properties: { 'confluent:version': '7' } } })).answer,
    ).toEqual({ id })
  })

  test('of what is no Avro schema, or of another type, is refused', async () => {
    const refused = { status: 422, answer: { error_code: 42_201, message: expect.stringContaining('') } }
    expect(await register(newSubject(), '{"type":"record"}')).toMatchObject(refused)
    expect(await register(newSubject(), 'not json')).toMatchObject(refused)
    expect(await register(newSubject(), '{}', { schemaType: 'PROTOBUF' })).toMatchObject(refused)
  })

  test('takes every content type that clients send', async () => {
    for (const type of ['application/json', 'application/vnd.schemaregistry+json', 'application/octet-stream'])
      expect(await ask('POST', `/subjects/${newSubject()}/versions`, { schema: newSchema() }, type)).toMatchObject({
        status: 200,
      })
  })

  test('works for subjects with slashes, dots and 300 characters', async () => {
    for (const subject of ['a/b', 'a.b-value', 'x'.repeat(300)].map(name => `${name}-${random()}`)) {
      expect((await register(encodeURIComponent(subject), newSchema())).status).toBe(200)
      expect(await get('/subjects')).toContain(subject)
      expect(await get(`/subjects/${encodeURIComponent(subject)}/versions`)).toEqual([1])
    }
  })
})

describe('looking up', () => {
  test('finds a schema by id, version and text', async () => {
    const [id, schema] = [newId(), newSchema()]
    const subject = await importSchema(id, schema)
    expect(await get(`/schemas/ids/${id}?subject=${subject}&fetchMaxId=false`)).toEqual({ schema })
    expect(await get(`/schemas/ids/${id}/schema`)).toEqual(JSON.parse(schema))
    expect(await get(`/schemas/ids/${id}/versions`)).toEqual([{ subject, version: id }])
    expect(await get(`/subjects/${subject}/versions/${id}/schema`)).toEqual(JSON.parse(schema))
    expect((await ask('POST', `/subjects/${subject}`, { schema })).answer).toEqual({ subject, version: id, id, schema })
    expect(await get(`/subjects?subjectPrefix=${subject}`)).toEqual([subject])
    // As Python's client asks.
    expect((await ask('POST', `/subjects/${subject}?normalize=False&deleted=True`, { schema })).status).toBe(200)
  })

  test.each([
    ['/schemas/ids/999999', 404, 40_403],
    ['/schemas/ids/abc', 404, 404],
    ['/schemas/ids/-1', 404, 404],
    ['/schemas/ids/999999/schema', 404, 40_403],
    ['/subjects/known/versions/77/schema', 404, 40_402],
    ['/subjects/%FF', 400, 400],
    [`/subjects/${'s'.repeat(1001)}/versions`, 414, 414],
    ['/compatibility/subjects/known/versions', 405, 405],
    ['/subjects/no-such-subject/versions', 404, 40_401],
    ['/subjects/no-such-subject/versions/1', 404, 40_401],
    ['/subjects/known/versions/77', 404, 40_402],
    ['/subjects/known/versions/0', 422, 42_202],
    ['/config/no-such-subject', 404, 40_408],
    ['/mode/no-such-subject', 404, 40_409],
    ['/no/such/path', 404, 404],
    ['/subjects/known/versions/9999999999', 422, 42_202],
  ])('of %s answers %i with code %i', async (path, status, code) => {
    await register('known', schemaOf('Known', 'a'))
    expect(await ask('GET', path)).toMatchObject({ status, type: CONTENT_TYPE, answer: { error_code: code } })
  })

  test('of what is always there answers', async () => {
    expect(await get('/')).toEqual({})
    expect(await get('/schemas/types')).toEqual(['AVRO'])
    expect(await get('/contexts')).toEqual(['.'])
  })
})

describe('settings', () => {
  test('of compatibility hold for a subject, and are true', async () => {
    const subject = newSubject()
    const [old, wider, other] = [schemaOf('R', 'a'), schemaOf('ns.R', 'a', 'b'), '"string"']
    const isCompatible = (schema: string, version = '/latest'): Promise<unknown> =>
      ask('POST', `/compatibility/subjects/${subject}/versions${version}`, { schema }).then(({ answer }) => answer)
    expect(await get('/config')).toEqual({ compatibilityLevel: 'NONE' })
    expect(await isCompatible(old)).toEqual({ is_compatible: true })
    await register(subject, old)
    expect(await isCompatible(other)).toEqual({ is_compatible: true })
    expect((await ask('PUT', `/config/${subject}`, { compatibility: 'FULL' })).answer).toEqual({
      compatibility: 'FULL',
    })
    expect(await get(`/config/${subject}`)).toEqual({ compatibilityLevel: 'FULL' })
    expect(await isCompatible(other)).toEqual({ is_compatible: false })
    expect(await isCompatible(other, '?verbose=true')).toMatchObject({
      messages: [expect.any(String), expect.any(String)],
    })
    expect(await isCompatible(wider, '/1')).toEqual({ is_compatible: true })
    expect(await register(subject, other)).toMatchObject({ status: 409, answer: { error_code: 40_901 } })
    expect((await register(subject, wider)).status).toBe(200)
    expect((await ask('DELETE', `/config/${subject}`)).answer).toEqual({ compatibilityLevel: 'FULL' })
    expect(await get(`/config/${subject}?defaultToGlobal=true`)).toEqual({ compatibilityLevel: 'NONE' })
    expect(await ask('PUT', `/config/${subject}`, { compatibility: 'SOME' })).toMatchObject({
      status: 422,
      answer: { error_code: 42_203 },
    })
    expect((await register(subject, other)).status).toBe(200)
  })

  test('do not let an import begin over schemas that are in use, unless forced', async () => {
    const subject = newSubject()
    await register(subject, newSchema())
    expect(await ask('PUT', `/mode/${subject}`, { mode: 'IMPORT' })).toMatchObject({
      status: 422,
      answer: { error_code: 42_205 },
    })
    expect((await ask('PUT', `/mode/${subject}?force=true`, { mode: 'IMPORT' })).answer).toEqual({ mode: 'IMPORT' })
    expect(await ask('PUT', `/mode/${subject}`, { mode: 'OTHER' })).toMatchObject({
      status: 422,
      answer: { error_code: 42_204 },
    })
    await ask('PUT', `/mode/${subject}`, { mode: 'READONLY' })
    expect(await register(subject, newSchema())).toMatchObject({ status: 422, answer: { error_code: 42_205 } })
    expect((await ask('DELETE', `/mode/${subject}`)).answer).toEqual({ mode: 'READONLY' })
  })
})

describe('deleting', () => {
  test('first hides a subject, then removes it; its ids are not given again', async () => {
    const [subject, schema] = [newSubject(), newSchema()]
    const { id } = (await register(subject, schema)).answer as { id: number }
    await register(subject, newSchema())
    expect(await ask('DELETE', `/subjects/${subject}?permanent=true`)).toMatchObject({
      status: 404,
      answer: { error_code: 40_405 },
    })
    expect((await ask('DELETE', `/subjects/${subject}`)).answer).toEqual([1, 2])
    expect(await ask('GET', `/subjects/${subject}/versions`)).toMatchObject({ status: 404 })
    expect(await get(`/subjects/${subject}/versions?deleted=true`)).toEqual([1, 2])
    expect(await ask('DELETE', `/subjects/${subject}`)).toMatchObject({ status: 404, answer: { error_code: 40_404 } })
    expect((await ask('DELETE', `/subjects/${subject}?permanent=true`)).answer).toEqual([1, 2])
    expect(await get('/subjects?deleted=true')).not.toContain(subject)
    expect(await ask('GET', `/schemas/ids/${id}`)).toMatchObject({ status: 404, answer: { error_code: 40_403 } })
    const next = (await register(subject, newSchema())).answer as { id: number }
    expect(next.id).toBeGreaterThan(id)
    expect(await get(`/subjects/${subject}/versions`)).toEqual([1])
  })

  test('of one version leaves the others', async () => {
    const subject = newSubject()
    await register(subject, newSchema())
    await register(subject, newSchema())
    expect((await ask('DELETE', `/subjects/${subject}/versions/1`)).answer).toBe(1)
    expect(await get(`/subjects/${subject}/versions`)).toEqual([2])
    expect((await ask('DELETE', `/subjects/${subject}/versions/1?permanent=true`)).answer).toBe(1)
    expect((await register(subject, newSchema())).status).toBe(200)
    expect(await get(`/subjects/${subject}/versions`)).toEqual([2, 3])
  })
})

describe('the topic', () => {
  test('holds records in Confluent’s form, with the properties of keys in its order', async () => {
    const [id, schema] = [newId(), newSchema()]
    const subject = await importSchema(id, schema)
    const reader = openLogReader(inject('kafka').hub, { clientId: 'test', topic })
    const end = await reader.end()
    const texts: [string, string][] = []
    for (let page = await reader.read('earliest', 0); ; page = await reader.read(page.next, 100)) {
      texts.push(...page.records.map(({ key, value }): [string, string] => [String(key), String(value)]))
      if (page.next >= end) break
    }
    await reader.close()
    const own = texts.filter(([key]) => key.includes(`"${subject}"`))
    expect(own).toEqual([
      [`{"keytype":"MODE","subject":"${subject}","magic":0}`, `{"subject":"${subject}","mode":"IMPORT"}`],
      [
        `{"keytype":"SCHEMA","subject":"${subject}","version":${id},"magic":1}`,
        JSON.stringify({ subject, version: id, id, schema, deleted: false }),
      ],
    ])
  })

  test('is all a new registry needs; the one before it is refused from then on', async () => {
    const [id, schema] = [newId(), newSchema()]
    const subject = await importSchema(id, schema)
    const old = await replace()
    expect(await get(`/schemas/ids/${id}`)).toEqual({ schema })
    expect(await get(`/mode/${subject}`)).toEqual({ mode: 'IMPORT' })
    const late = await fetch(new URL(`/subjects/${subject}/versions`, old.url), {
      method: 'POST',
      body: JSON.stringify({ schema: newSchema(), id: newId() }),
      headers: { 'content-type': CONTENT_TYPE },
    })
    expect([late.status, await late.json()]).toMatchObject([500, { error_code: 50_004 }])
    expect(old.checks().filter(({ ok }) => !ok)).toMatchObject([{ name: 'writer' }])
    expect((await fetch(new URL(`/schemas/ids/${id}`, old.url))).status).toBe(200)
    await old.close()
    expect(await get(`/subjects/${subject}/versions`)).toEqual([id])
  })

  test('feeds a store that reads schemas with those they refer to, and answers them whole', async () => {
    const store = await openSchemaStore({ access: inject('kafka').hub, clientId: 'test', topic })
    const [base, top] = [newSubject(), newSubject()]
    const name = `ref.R${random()}`
    await register(base, JSON.stringify({ type: 'record', name, fields: [] }))
    const schema = JSON.stringify({ type: 'record', name: 'alert', fields: [{ name: 'base', type: name }] })
    const references = [{ name, subject: base, version: 1 }]
    const { id } = (await register(top, schema, { references })).answer as { id: number }
    const read = await store.get(id)
    expect(read?.root.fields[0]?.node).toMatchObject({ kind: 'record', name })
    expect(await get(`/schemas/ids/${id}`)).toMatchObject({ schema, references })
    expect(await get(`/schemas/ids/${id}?format=resolved`)).toEqual({ schema: read?.text })
    await store.close()
  })

  test('feeds a store of schemas, which looks an unknown id up again', async () => {
    const store = await openSchemaStore({ access: inject('kafka').hub, clientId: 'test', topic })
    const [id, schema] = [newId(), newSchema()]
    expect(await store.get(id)).toBeUndefined()
    await importSchema(id, schema)
    expect((await store.get(id))?.text).toBe(schema)
    expect(await store.get(id)).toBe(await store.get(id))
    await store.close()
  })
})

describe('a survey’s schemas', () => {
  test('go in under their own ids, and again without a change', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'skysieve-schemas-'))
    for (const minor of [1, 2]) {
      mkdirSync(join(dir, '94', String(minor)), { recursive: true })
      const schema = {
        type: 'record',
        name: 'alert',
        namespace: `lsst.v94_${minor}`,
        fields: [{ name: 'a', type: 'long' }],
      }
      writeFileSync(join(dir, '94', String(minor), `lsst.v94_${minor}.alert.avsc`), JSON.stringify(schema))
    }
    const planned = await syncSchemas(dir, url(), { dryRun: true })
    expect(planned.map(({ wasThere, breaks }) => [wasThere, breaks])).toEqual([
      [false, []],
      [false, []],
    ])
    expect((await ask('GET', '/schemas/ids/9401')).status).toBe(404)
    const synced = await syncSchemas(dir, url())
    expect(synced.map(({ id, subject }) => [id, subject])).toEqual([
      [9401, 'lsst-alerts-v94.1-value'],
      [9402, 'lsst-alerts-v94.2-value'],
    ])
    expect(await syncSchemas(dir, url())).toEqual(synced.map(one => ({ ...one, wasThere: true })))
    expect(await get('/subjects/alert-packet/versions')).toEqual([9401, 9402])
    expect(await get('/subjects/lsst-alerts-v94.2-value/versions/latest')).toMatchObject({ id: 9402, version: 1 })
    expect(await get('/subjects/lsst-alerts-v94-value/versions/latest')).toMatchObject({
      id: 9402,
      version: 2,
      metadata: { properties: { 'confluent:version': '9402' } },
    })
    expect(await get('/mode/alert-packet')).toEqual({ mode: 'READWRITE' })
    rmSync(dir, { recursive: true })
  })
})

test('a registry that was started before its broker says so, and serves when the broker is there', async () => {
  const [host, port] = access().bootstrap.split(':')
  const bridge = createServer(client => {
    const broker = connect(Number(port), host)
    client.pipe(broker).pipe(client)
    for (const socket of [client, broker]) socket.on('error', () => client.destroy())
  })
  await new Promise<void>(done => void bridge.listen(0, '127.0.0.1', done))
  const address = bridge.address() as AddressInfo
  await new Promise(done => bridge.close(done))
  const early = await openRegistry({
    access: { ...access(), bootstrap: `127.0.0.1:${address.port}` },
    port: 0,
    topic,
    transactionalId: topic,
  })
  await expect
    .poll(() => early.checks().find(({ name }) => name === 'broker')?.reason, { timeout: 20_000 })
    .toContain('ECONNREFUSED')
  const answer = await fetch(new URL('/subjects', early.url))
  expect([answer.status, await answer.json()]).toMatchObject([500, { error_code: 50_001 }])
  await new Promise<void>(done => void bridge.listen(address.port, '127.0.0.1', done))
  await early.ready
  expect(early.checks().every(({ ok }) => ok)).toBe(true)
  expect(await (await fetch(new URL('/subjects', early.url))).json()).toContain('known')
  await early.close()
  bridge.close()
})
