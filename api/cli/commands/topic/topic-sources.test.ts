// Where a reader looks for its topic while the API cannot say, against a server on loopback.
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openClient } from '../../connection/api-client.ts'
import { openSources } from './topic-sources.ts'

let page: object | undefined
const server = createServer((_request, response) =>
  response.writeHead(page === undefined ? 503 : 200).end(JSON.stringify(page ?? {})),
)
const near = { mirror: 'near', bootstrap: 'near:9092', security: {} }
const far = { mirror: 'far', bootstrap: 'far:9092', security: {} }
let url: string

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close().closeAllConnections()
})

test('a reader goes on with all that it reads while the API cannot say where its topic is', async () => {
  const client = openClient({ url, token: 'sky_test' })
  const topic = { name: 'filter.f0123456789', mirror: undefined, query: '' }
  const sources = openSources(client, topic, { user: 'anna', password: 'secret', bootstrap: 'near:9092' })
  expect(await sources()).toMatchObject([{ bootstrap: 'near:9092' }])
  page = { sources: [far, { ...near, until: '2026-01-01T00:00:00Z' }] }
  expect((await sources()).map(({ bootstrap }) => bootstrap)).toEqual(['far:9092', 'near:9092'])
  page = undefined
  expect((await sources()).map(({ bootstrap }) => bootstrap)).toEqual(['far:9092', 'near:9092'])
  page = { sources: [far] }
  expect((await sources()).map(({ bootstrap }) => bootstrap)).toEqual(['far:9092'])
})
