// One definition of an id: what a packet may carry is stored, found, announced and answered; what no id is, is refused, and no number is taken for one.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert, bigInt, property } from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { longOf } from '#hub'
import {
  fillArchive,
  openArchiveTestServer,
  type ArchiveTestServer,
  syntheticPackets,
} from '../../../checks/archive-test-server.ts'

const MAX = 2n ** 63n - 1n
const IDS = [MAX, -MAX - 1n, -1n, 0n, 9_207_199_254_740_993n, -170_094_456_272_322_681n]
const [packet] = syntheticPackets(1)
const VISIT = -4n

let dir: string
let server: ArchiveTestServer
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'skysieve-ids-'))
  const packets = IDS.map(id => ({ ...packet!, row: { ...packet!.row, id, visit: VISIT } }))
  server = await openArchiveTestServer({ archive: await fillArchive(dir, packets) })
})
afterAll(async () => {
  await server?.close()
  rmSync(dir, { recursive: true, force: true })
})
const ask = (url: string, body?: object | string) =>
  server.app.inject({
    method: body === undefined ? 'GET' : 'POST',
    url,
    headers: { authorization: `Bearer ${server.token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body === undefined ? {} : { payload: body }),
  })

test.each(IDS)('the alert %s is answered under the address that notices and searches give', async id => {
  // As notices write it.
  expect((await ask(`/v1/alerts/${id}`)).statusCode).toBe(200)
  expect((await ask(`/v1/alerts/${id}?fields=diaSourceId`)).statusCode).toBe(200)
  const { items } = (await ask(`/v1/alerts?visit=${VISIT}`)).json<{ items: { id: string; url: string }[] }>()
  const row = items.find(item => item.id === String(id))
  expect((await ask(row?.url ?? '')).statusCode).toBe(200)
  const [line] = (await ask('/v1/alerts:read', { ids: [String(id)], fields: ['diaSourceId'] })).body.split('\n')
  expect(JSON.parse(line ?? '')).toMatchObject({ id: String(id), alert: {} })
})

test('every integer of 64 bits is an id in one form, and nothing else is', () => {
  assert(property(bigInt({ min: -MAX - 1n, max: MAX }), id => longOf(String(id)) === id))
  for (const text of [`${MAX + 1n}`, `${-MAX - 2n}`, '-0', '007', '+1', '1.0', '1e3', ' 1', '', '0x1'])
    expect([text, longOf(text)]).toEqual([text, undefined])
})

test.each([
  '{ "ids": [9207199254740993], "fields": ["diaSourceId", "diaSource.psfFlux"] }',
  '{"ids":[9207199254740992]}',
  '{"ids":[1]}',
  '{"ids":[-1]}',
  '{"ids":["1", 9207199254740993.0]}',
])('ids that are numbers are refused, and the answer says to send text: %s', async body => {
  const answer = await ask('/v1/alerts:read', body)
  expect(answer.statusCode).toBe(400)
  expect(answer.json().detail).toMatch(/as text/)
})

test.each([`${MAX + 1n}`, '-0', '007', '1.5', ''])('“%s” is no id to read', async id => {
  expect((await ask('/v1/alerts:read', { ids: [id] })).statusCode).toBe(400)
})
