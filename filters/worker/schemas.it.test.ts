// Packets of several versions of a schema in one stream: exact values, no author blamed for them, and no lane held up by ids that nobody registered.
import { type AvroSchema, encodeAlert, framePacket, parseSchema } from '#hub'
import { afterAll, afterEach, beforeEach, expect, inject, test } from 'vitest'
import { recordFor } from '../membership/desired-filters.ts'
import { compile, loadFilter } from '../membership/load-filter.ts'
import { DEAD_LETTERS_TOPIC } from '../publish/topics.ts'
import { openTestNode, packetOf, type TestNode, testSandbox, until } from './worker.fixture.ts'

let node: TestNode
beforeEach(async () => {
  node = await openTestNode(inject('kafka').node)
})
afterEach(() => node.close())
afterAll(async () => (await testSandbox()).close())

const schemaOf = (fields: Record<string, unknown>): AvroSchema =>
  parseSchema(
    JSON.stringify({
      type: 'record',
      name: 'alert',
      fields: Object.entries({ id: 'long', visit: 'long', ...fields }).map(([name, type]) => ({ name, type })),
    }),
  )
const record = { type: 'record', name: 'part', fields: [{ name: 'x', type: 'double' }] }
const OLD = schemaOf({ ref: 'int', part: 'double', item: record })
const NEW = schemaOf({ ref: 'long', part: { ...record, name: 'other' }, item: { type: 'array', items: record } })
const REF = 170_094_456_272_322_681n

test('an int that becomes a long keeps every digit, and a value that becomes a record suspends nobody', async () => {
  node.schemas.set(8, OLD)
  node.schemas.set(9, NEW)
  const sources = {
    exact: `export function filter(alert) { return alert.ref === 5n || alert.ref === ${REF}n }`,
    part: 'export function filter(alert) { return alert.part === null || alert.part.x === 2 }',
    item: 'export function filter(alert) { return alert.item === null || alert.item[0]?.x === 1 }',
    everything: 'export function filter(alert) { return [alert.ref, alert.part, alert.item].length === 3 }',
  }
  const manifests = Object.values(sources).map(source => node.manifest({ source }))
  for (const manifest of manifests) node.put(manifest)
  await node.work()
  const old = { visit: 1n, ref: 5, part: 1.5, item: { x: 1 } }
  const fresh = { visit: 1n, ref: REF, part: { x: 2 }, item: [{ x: 1 }, { x: 2 }] }
  await node.sendRaw(framePacket(8, encodeAlert(OLD, { id: 1n, ...old })))
  await node.evaluated()
  await node.sendRaw(framePacket(9, encodeAlert(NEW, { id: 2n, ...fresh })))
  await node.sendRaw(framePacket(8, encodeAlert(OLD, { id: 3n, ...old })))
  await node.evaluated()
  for (const { id } of manifests) expect((await node.progress(`filter/${id}`))?.['suspension']).toBeUndefined()
  const passed = await Promise.all(
    manifests.map(async ({ id }) => (await node.deliveries(id)).map(({ alert }) => alert)),
  )
  // Before the longs came the first packet's int was a number, as its schema then had it.
  expect(passed).toEqual([
    [2, 3],
    [2, 3],
    [2, 3],
    [1, 2, 3],
  ])
})

test('columns of ours that no view can have are no fault of the author', async () => {
  const manifest = node.manifest({ source: 'export function filter(alert) { return alert.a > 1 }' })
  const record = recordFor(manifest, undefined)
  const fields = [
    { path: 'a', kind: 'int' },
    { path: 'a.x', kind: 'long' },
  ] as const
  const found = { code: manifest.versions[0]?.source ?? '', names: new Set(['alert', 'a']), everything: false }
  const program = compile(manifest, record, fields, found)
  const reads = { columns: [...program.reads.columns, { path: 'a', kind: 'long' as const }], lists: [] }
  const outcome = await loadFilter(await testSandbox(), manifest, record, { ...program, reads, offers: reads }, found)
  expect(outcome).toMatchObject({ ok: false, isAway: true })
})

test('fields with names that every object has are read, or left out, and suspend nobody', async () => {
  const names = ['hasOwnProperty', 'valueOf', 'toString', 'constructor', 'toJSON', 'prototype', 'length', 'then']
  const schema = schemaOf(Object.fromEntries(names.map(name => [name, 'int'])))
  node.schemas.set(8, schema)
  const sources = [
    `export function filter(alert) { return ${names
      .filter(name => name !== 'toJSON')
      .map(name => `alert.${name} === 1`)
      .join(' && ')} }`,
    'export function filter(alert) { return alert.toJSON !== 1 && alert.constructor === 1 }',
  ]
  const manifests = sources.map(source => node.manifest({ source }))
  for (const manifest of manifests) node.put(manifest)
  await node.work()
  const values = Object.fromEntries(names.map(name => [name, 1]))
  await node.sendRaw(framePacket(8, encodeAlert(schema, { id: 1n, visit: 1n, ...values })))
  await node.evaluated()
  for (const { id } of manifests) expect((await node.deliveries(id)).map(({ alert }) => alert)).toEqual([1])
})

test('a hundred ids that nobody registered hold the lane up once, and each is a dead letter', async () => {
  const manifest = node.manifest()
  node.put(manifest)
  let asked = 0
  const waitMs = 3000
  await node.work({ schemas: { get: async id => (asked++, node.schemas.get(id)) }, schemaWaitMs: waitMs })
  await node.evaluated()
  const before = (await node.read(DEAD_LETTERS_TOPIC)).length
  const begunMs = performance.now()
  for (let id = 0; id < 100; id++) await node.sendRaw(packetOf({ id, visit: 1 }, 1_000_000 + id))
  await node.send([{ id: 777, visit: 1 }])
  await until(async () => (await node.deliveries(manifest.id)).some(({ alert }) => alert === 777))
  // Each alone would have waited: 300 s.
  expect(performance.now() - begunMs).toBeLessThan(30 * waitMs)
  await node.evaluated()
  expect((await node.read(DEAD_LETTERS_TOPIC)).length - before).toBe(100)
  expect(asked).toBeGreaterThanOrEqual(100)
})
