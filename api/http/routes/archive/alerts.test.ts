// The archive's routes over a real archive on local files.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { PNG } from 'pngjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSyntheticSource, readContainer, readFits, readFrame, TIME_SCALES } from '#hub'
import {
  fillArchive,
  openArchiveTestServer,
  reframed,
  SCHEMA_ID,
  type ArchiveTestServer,
  syntheticPackets,
} from '../../../checks/archive-test-server.ts'

const packets = syntheticPackets(12)
const [first, second] = packets as [(typeof packets)[0], (typeof packets)[0]]
const id = String(first.row.id)
const stranger = '999999999999999999'
/** Packets that are no alerts: their schema is unknown, or they are cut off. */
const LOST_SCHEMA = '170000000000000001'
const CUT = '170000000000000002'
const OTHER_SCHEMA = '170000000000000003'

let dir: string
let server: ArchiveTestServer

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'skysieve-alerts-'))
  const { schemaJson } = openSyntheticSource()
  const odd = [
    { row: { id: BigInt(LOST_SCHEMA) }, packet: reframed(first.packet, 77) },
    { row: { id: BigInt(CUT) }, packet: first.packet.subarray(0, 900) },
    { row: { id: BigInt(OTHER_SCHEMA) }, packet: reframed(second.packet, 1101) },
  ]
  const ztf = { ...first, stream: 'ztf', row: { ...first.row, id: 7n } }
  const schemas = new Map([SCHEMA_ID, 1101].map(schema => [schema, schemaJson]))
  const archive = await fillArchive(dir, [...packets, ...odd, ztf], schemas)
  server = await openArchiveTestServer({ archive })
})
afterAll(async () => {
  await server?.close()
  rmSync(dir, { recursive: true, force: true })
})

const ask = (
  url: string,
  headers: Record<string, string> = {},
  method: 'GET' | 'HEAD' | 'POST' = 'GET',
  body?: object,
) =>
  server.app.inject({
    method,
    url,
    headers: { authorization: `Bearer ${server.token}`, ...headers },
    ...(body === undefined ? {} : { payload: body }),
  })

describe('an alert by id, as Rubin’s server answers', () => {
  test('is the gzipped packet without a content encoding', async () => {
    const answer = await ask(`/v1/alerts/${id}`)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toBe('application/octet-stream')
    expect(answer.headers['content-encoding']).toBeUndefined()
    expect(gunzipSync(answer.rawPayload).equals(first.packet)).toBe(true)
  })
  test.each([stranger, 'nonsense', '-1', `0${id}`, '99999999999999999999', '..%2f..%2fetc'])(
    'is 404 with Rubin’s words where there is none: %s',
    async text => {
      const answer = await ask(`/v1/alerts/${text}`)
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([404, 'application/json'])
      expect(answer.body).toBe('{"detail":"alert not found"}')
    },
  )
  test('has schemas beside it, and health without a token', async () => {
    const schema = await ask(`/v1/schemas/${SCHEMA_ID}`)
    expect(schema.headers['content-type']).toBe('application/vnd.schemaregistry.v1+json')
    expect(schema.body).toBe(openSyntheticSource().schemaJson)
    for (const missing of ['1', 'x', '99999999999'])
      expect((await ask(`/v1/schemas/${missing}`)).body).toBe('{"detail":"schema not found"}')
    expect((await server.app.inject('/v1/health')).body).toBe('OK')
  })
  test('needs a token with the scope read:alertdb', async () => {
    expect((await server.app.inject(`/v1/alerts/${id}`)).json()).toMatchObject({
      status: 401,
      code: 'API_TOKEN_MISSING',
    })
    expect((await ask('/v1/filters')).json()).toMatchObject({ status: 403, code: 'API_SCOPE_MISSING' })
  })
  test('of another stream has its own ids', async () => {
    expect((await ask('/v1/streams/ztf/alerts/7')).statusCode).toBe(200)
    expect((await ask('/v1/alerts/7')).statusCode).toBe(404)
    expect((await ask('/v1/streams/lsst/alerts/7')).statusCode).toBe(404)
    expect((await ask('/v1/streams/sky/alerts/7')).json()).toMatchObject({ status: 404, code: 'API_ARCHIVE_UNKNOWN' })
  })
  test('is cached for good: 304 for its tag, HEAD tells its size', async () => {
    const whole = await ask(`/v1/alerts/${id}`)
    expect(whole.headers['cache-control']).toBe('private, max-age=31536000, immutable')
    const tag = String(whole.headers.etag)
    expect(tag).toMatch(/^"\d+-\d+"$/)
    for (const sent of [tag, `"x", ${tag}`, `W/${tag}`, '*']) {
      const again = await ask(`/v1/alerts/${id}`, { 'if-none-match': sent })
      expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', tag])
    }
    expect((await ask(`/v1/alerts/${id}`, { 'if-none-match': '"other"' })).statusCode).toBe(200)
    expect((await ask(`/v1/alerts/${stranger}`, { 'if-none-match': '*' })).statusCode).toBe(404)
    const head = await ask(`/v1/alerts/${id}`, {}, 'HEAD')
    expect([head.statusCode, head.headers['content-length'], head.body]).toEqual([
      200,
      String(whole.rawPayload.length),
      '',
    ])
  })
})

describe('an alert for people', () => {
  test('is JSON with exact ids by format or Accept, with a tag of its own', async () => {
    for (const answer of [
      await ask(`/v1/alerts/${id}?format=json`),
      await ask(`/v1/alerts/${id}`, { accept: 'text/html, application/json;q=0.9' }),
    ]) {
      expect(answer.json()).toMatchObject({ diaSourceId: id, cutoutScience: { bytes: expect.any(Number) } })
      expect(answer.headers.etag).not.toBe((await ask(`/v1/alerts/${id}`)).headers.etag)
    }
  })
  test('is some fields of it', async () => {
    const answer = await ask(`/v1/alerts/${id}?fields=diaSource.ra,diaSourceId`)
    expect(answer.json()).toEqual({ diaSourceId: id, diaSource: { ra: first.row.raDeg } })
    expect((await ask(`/v1/alerts/${id}?fields=diaSource.nothing`)).json()).toMatchObject({
      status: 422,
      code: 'API_FIELD_UNKNOWN',
      detail: expect.stringContaining('psfFlux'),
    })
  })
  test('that cannot be read says so, and its bytes are there all the same', async () => {
    for (const broken of [LOST_SCHEMA, CUT]) {
      expect((await ask(`/v1/alerts/${broken}?format=json`)).json()).toMatchObject({
        status: 422,
        code: 'API_ALERT_UNREADABLE',
      })
      expect((await ask(`/v1/alerts/${broken}`)).statusCode).toBe(200)
    }
  })
  test('its history is its lists', async () => {
    const history = (await ask(`/v1/alerts/${id}/history`)).json()
    expect(Object.keys(history)).toEqual(['prvDiaSources', 'prvDiaForcedSources'])
  })
})

describe('a cutout', () => {
  test('is FITS as it came', async () => {
    for (const name of ['difference', 'science', 'template']) {
      const answer = await ask(`/v1/alerts/${id}/cutouts/${name}`)
      expect(answer.headers['content-type']).toBe('application/fits')
      expect(first.packet.includes(answer.rawPayload)).toBe(true)
    }
  })
  test('is a PNG by ending, format or Accept, of the size asked for', async () => {
    const side = readFits((await ask(`/v1/alerts/${id}/cutouts/science`)).rawPayload)[0]?.image?.width
    const path = `/v1/alerts/${id}/cutouts/science`
    for (const answer of [
      await ask(`${path}.png`),
      await ask(`${path}?format=png`),
      await ask(path, { accept: 'image/png,*/*' }),
    ]) {
      expect(answer.headers['content-type']).toBe('image/png')
      expect(PNG.sync.read(answer.rawPayload).width).toBe(side)
    }
    const large = await ask(`${path}.png?size=300&stretch=asinh&colormap=viridis`)
    expect(PNG.sync.read(large.rawPayload).width).toBe(300)
    expect(large.headers.etag).not.toBe((await ask(`${path}.png`)).headers.etag)
    const again = await ask(`${path}.png`, { 'if-none-match': String((await ask(`${path}.png`)).headers.etag) })
    expect(again.statusCode).toBe(304)
  })
  test.each([
    '/cutouts/other',
    '/cutouts/science.gif',
    '/cutouts/science.png?stretch=cubic',
    '/cutouts/science.png?size=0',
  ])('that does not exist is a bad request: %s', async path => {
    expect((await ask(`/v1/alerts/${id}${path}`)).json()).toMatchObject({ status: 400, code: 'API_REQUEST_INVALID' })
  })
})

describe('many alerts in one call', () => {
  const ids = packets.map(({ row }) => String(row.id))
  const read = (body: object, headers = {}) => ask('/v1/alerts:read', headers, 'POST', body)

  test('are lines of JSON in the order asked for, each missing one told', async () => {
    const answer = await read({ ids: [ids[2], stranger, ids[0], CUT], fields: ['diaSourceId'] })
    expect(answer.headers['content-type']).toBe('application/x-ndjson; charset=utf-8')
    const lines = answer.body
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines).toEqual([
      { id: ids[2], alert: { diaSourceId: ids[2] } },
      { id: stranger, error: { code: 'API_ALERT_UNKNOWN', detail: expect.any(String) } },
      { id: ids[0], alert: { diaSourceId: ids[0] } },
      { id: CUT, error: { code: 'API_ALERT_UNREADABLE', detail: expect.any(String) } },
    ])
  })
  test('are an Avro container file whose datums are the packets’ own bytes', async () => {
    const answer = await read({ ids }, { accept: 'application/avro' })
    expect(answer.headers['content-type']).toBe('application/avro')
    const { datums } = readContainer(answer.rawPayload)
    expect(datums.map((datum, at) => datum.equals(readFrame(packets[at]?.packet ?? Buffer.alloc(9)).body))).toEqual(
      ids.map(() => true),
    )
  })
  test('of several schemas, or with one missing, are no container file', async () => {
    const mixed = await read({ ids: [ids[0], OTHER_SCHEMA], format: 'avro' })
    expect(mixed.json()).toMatchObject({ status: 409, code: 'API_SCHEMAS_MIXED' })
    const missing = await read({ ids: [ids[0], stranger], format: 'avro' })
    expect(missing.json()).toMatchObject({ status: 404, errors: [{ message: expect.stringContaining(stranger) }] })
  })
  test('are at most a thousand, and at least one', async () => {
    for (const wrong of [[], ['x'], ['007'], Array.from({ length: 1001 }, () => '1')])
      expect((await read({ ids: wrong })).statusCode).toBe(400)
  })
})

describe('a search', () => {
  const find = async (query: string) => (await ask(`/v1/alerts?${query}`)).json()

  test('by cone, time and band finds what is there', async () => {
    const { raDeg, decDeg, mjdTai = 0, band } = first.row
    const cone = `ra=${raDeg}&dec=${decDeg}&radius=0.0001`
    expect((await find(cone)).items).toMatchObject([{ id, url: `/v1/alerts/${id}`, ra: raDeg }])
    expect((await find(`${cone}&band=${band}&since=${mjdTai - 0.01}&until=${mjdTai + 0.01}`)).items).toHaveLength(1)
    expect((await find(`${cone}&until=${mjdTai - 0.01}`)).items).toEqual([])
    expect((await find(`${cone}&since=2000-01-01&until=2000-01-02T00:00:00Z`)).items).toEqual([])
    // The packet's time is TAI, ISO 8601 is UTC.
    const iso = (seconds: number) => new Date(TIME_SCALES['mjd-tai'](mjdTai) + seconds * 1000).toISOString()
    expect((await find(`${cone}&since=${iso(-1)}&until=${iso(1)}`)).items).toHaveLength(1)
    expect((await find(`${cone}&since=${iso(1)}`)).items).toEqual([])
  })
  test('by visit comes in pages that hold everything once', async () => {
    const found: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page = await find(`visit=${first.row.visit}&limit=5${cursor === '' ? '' : `&cursor=${cursor}`}`)
      found.push(...page.items.map((item: { id: string }) => item.id))
      cursor = page.nextCursor
    }
    expect(found.toSorted()).toEqual(packets.map(({ row }) => String(row.id)).toSorted())
  })
  test('by object finds its alerts; of a stream with an empty archive nothing', async () => {
    const known = packets.find(({ row }) => row.objectId !== undefined)
    const ids = (await find(`object=${known?.row.objectId}`)).items.map((item: { id: string }) => item.id)
    expect(ids).toContain(String(known?.row.id))
  })
  test.each([
    ['', 422, ''],
    ['ra=1&dec=2', 422, '/radius'],
    ['ra=1&dec=2&radius=1&visit=3', 422, ''],
    ['visit=3&band=r', 422, '/band'],
    ['ra=1&dec=2&radius=1&since=yesterday', 422, '/since'],
    ['ra=1&dec=2&radius=1&since=61000&until=60000', 422, '/until'],
    ['visit=9999999999999999999', 422, '/visit'],
    ['visit=3&cursor=bm90aGluZw', 422, '/cursor'],
    ['ra=361&dec=2&radius=1', 400, '/ra'],
    ['ra=36&dec=2&radius=11', 400, '/radius'],
    ['ra=x&dec=2&radius=1', 400, '/ra'],
    ['visit=3&limit=0', 400, '/limit'],
  ])('that makes no sense is refused with where: %s', async (query, status, pointer) => {
    expect(await find(query)).toMatchObject({ status, errors: [{ pointer }] })
  })
})

test('a path that the router refuses is a problem document as well', async () => {
  for (const url of [`/v1/alerts/${'1'.repeat(301)}`, '/v1/alerts/%ff%fe', `/v1/alerts/${id}/cutouts/%e0`]) {
    const answer = await ask(url)
    expect(answer.headers['content-type']).toMatch('application/problem+json')
    expect(answer.json()).toMatchObject({ status: 400, code: 'API_REQUEST_INVALID' })
  }
})

test('an index that cannot be read is 503 with when to try again, and packets are there all the same', async () => {
  const broken = join(dir, 'broken')
  const archive = await fillArchive(broken, packets.slice(0, 1))
  writeFileSync(join(broken, 'index', 'lsst.sqlite'), 'no database')
  const other = await openArchiveTestServer({ archive })
  const headers = { authorization: `Bearer ${other.token}` }
  const answer = await other.app.inject({ url: '/v1/alerts?visit=1', headers })
  expect(answer.json()).toMatchObject({ status: 503, code: 'API_ARCHIVE_DOWN' })
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  expect((await other.app.inject({ url: `/v1/alerts/${id}`, headers })).statusCode).toBe(200)
  expect((await other.app.inject({ url: '/v1/streams/ztf/alerts?visit=1', headers })).json().items).toEqual([])
  await other.close()
})

test('without an archive everything of it is 503 with a reason', async () => {
  const none = await openArchiveTestServer({})
  const headers = { authorization: `Bearer ${none.token}` }
  for (const url of [`/v1/alerts/${id}`, '/v1/alerts?visit=1', `/v1/alerts/${id}/history`])
    expect((await none.app.inject({ url, headers })).json()).toMatchObject({ status: 503, code: 'API_ARCHIVE_MISSING' })
  await none.close()
})

test('who has used up their bytes waits, and is told how long', async () => {
  const small = await openArchiveTestServer({
    archive: { dir, store: { kind: 'files' } },
    limits: { bytesPerMinute: 1000 },
  })
  const headers = { authorization: `Bearer ${small.token}` }
  const once = await small.app.inject({ url: `/v1/alerts/${id}`, headers })
  expect(once.headers).toMatchObject({ ratelimit: expect.stringMatching(/"bytes";r=1000$/) })
  const twice = await small.app.inject({ url: `/v1/alerts/${id}`, headers })
  expect(twice.json()).toMatchObject({ status: 429, code: 'API_RATE_LIMIT', detail: expect.stringMatching(/bytes/) })
  expect(Number(twice.headers['retry-after'])).toBeGreaterThan(60)
  expect((await small.app.inject({ url: '/v1/health', headers })).statusCode).toBe(200)
  await small.close()
})
