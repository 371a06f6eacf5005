// Whoever takes the notices' schema away from a registry, its readers get it back.
import { randomBytes } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import {
  FIRST_NOTICE_SCHEMA,
  NOTICE_SCHEMA,
  noticesSubject,
  openAdmin,
  openControlWriter,
  openRegistry,
  openRegistryClient,
} from '#hub'
import { keepNoticeSchema } from './notice-schema.ts'

test('a registry that asks for FORWARD_TRANSITIVE takes the schema after the first one, and once however often it is registered', async () => {
  const access = inject('kafka').hub
  const topic = `test.schemas.${randomBytes(3).toString('hex')}`
  const admin = openAdmin(access)
  await admin.createTopics([{ name: topic, configs: { 'cleanup.policy': 'compact' } }])
  const registry = await openRegistry({ access, port: 0, topic, transactionalId: topic })
  await registry.ready
  const subject = noticesSubject('lsst')
  const json = { 'content-type': 'application/json' }
  await fetch(`${registry.url}/config/${subject}`, {
    method: 'PUT',
    headers: json,
    body: JSON.stringify({ compatibility: 'FORWARD_TRANSITIVE' }),
  })
  const client = openRegistryClient(registry.url)
  const first = await client.register(subject, FIRST_NOTICE_SCHEMA)
  const ending = new AbortController()
  const log = { warn: () => undefined }
  const starts = [1, 2].map(() => keepNoticeSchema({ client, stream: 'lsst', log, signal: ending.signal }))
  const [id, again] = (await Promise.all(starts)).map(of => of())
  expect(again).toBe(id)
  expect(id).not.toBe(first)
  const versions = await (await fetch(`${registry.url}/subjects/${subject}/versions`)).json()
  expect(versions).toEqual([1, 2])
  const level = await (await fetch(`${registry.url}/config/${subject}`)).json()
  expect(level).toEqual({ compatibilityLevel: 'FORWARD_TRANSITIVE' })
  ending.abort()
  await registry.close()
  await admin.deleteTopics([topic])
  await admin.close()
})

test('a schema that is gone from the registry is registered again, and notices name the id it then has', async () => {
  const access = inject('kafka').hub
  const topic = `test.schemas.${randomBytes(3).toString('hex')}`
  const admin = openAdmin(access)
  await admin.createTopics([{ name: topic, configs: { 'cleanup.policy': 'compact' } }])
  const open = async () => {
    const registry = await openRegistry({ access, port: 0, topic, transactionalId: topic })
    await registry.ready
    return registry
  }
  let registry = await open()
  const port = Number(new URL(registry.url).port)
  const client = openRegistryClient(registry.url)
  await client.register('other', '"string"')
  const ending = new AbortController()
  const warnings: unknown[] = []
  const log = { warn: (what: unknown) => void warnings.push(what) }
  const id = await keepNoticeSchema({ client, stream: 'lsst', log, signal: ending.signal, everyMs: 50 })
  const before = id()
  expect(await client.find(before)).toBe(NOTICE_SCHEMA)
  // Behind the registry's back, as a topic that was made anew would have it.
  await registry.close()
  const writer = await openControlWriter({ access, clientId: 'test', transactionalId: topic })
  const key = JSON.stringify({ keytype: 'SCHEMA', subject: 'lsst-notices-value', version: 1, magic: 1 })
  await writer.write([{ topic, key, value: null }])
  await writer.close()
  registry = await openRegistry({ access, port, topic, transactionalId: topic })
  await registry.ready
  await expect.poll(() => client.find(id())).toBe(NOTICE_SCHEMA)
  ending.abort()
  await registry.close()
  await admin.deleteTopics([topic])
  await admin.close()
})
