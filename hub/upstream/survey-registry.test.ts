import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { openSurveyRegistry } from './survey-registry.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

const serve = async (answer: RequestListener): Promise<string> => {
  const server = createServer(answer)
  servers.push(server)
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}/registry/`
}
const json =
  (answers: Record<string, unknown>): RequestListener =>
  ({ url = '' }, response) => {
    const found = answers[url]
    response.statusCode = found === undefined ? 404 : 200
    response.end(JSON.stringify(found ?? { error_code: 40403, message: 'not found' }))
  }
const record = (name: string, type: unknown): string =>
  JSON.stringify({ type: 'record', name, fields: [{ name: 'a', type }] })

test('gives the text of a schema, below the path of its address, and undefined where there is none', async () => {
  const registry = openSurveyRegistry(
    await serve(json({ '/registry/schemas/ids/1101': { schema: record('alert', 'long') }, '/registry/subjects': [] })),
  )
  expect(await registry.find(1101)).toBe(record('alert', 'long'))
  expect(await registry.find(1102)).toBeUndefined()
  await registry.check()
})

test('writes out what a schema refers to', async () => {
  const registry = openSurveyRegistry(
    await serve(
      json({
        '/registry/schemas/ids/1': {
          schema: record('alert', 'middle'),
          references: [{ name: 'middle', subject: 'a/middle', version: 2 }],
        },
        '/registry/subjects/a%2Fmiddle/versions/2': {
          schema: record('middle', 'inner'),
          references: [{ name: 'inner', subject: 'inner', version: 1 }],
        },
        '/registry/subjects/inner/versions/1': { schema: record('inner', 'double') },
      }),
    ),
  )
  expect(parseSchema((await registry.find(1)) ?? '').text).toContain('"double"')
})

test.each<[string, RequestListener, string, RegExp]>([
  [
    'a page instead of an answer',
    (_, response) => response.setHeader('content-type', 'text/html; charset=utf-8').end('<html>Sign in</html>'),
    'HUB_REGISTRY_REFUSED',
    /answers 200 with text\/html instead of JSON/,
  ],
  [
    'a proxy’s own page of “not found”',
    (_, response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>404</h1>'),
    'HUB_REGISTRY_REFUSED',
    /answers 404 with text\/html/,
  ],
  ['a refusal', (_, response) => response.writeHead(403).end('{}'), 'HUB_REGISTRY_REFUSED', /refuses GET .* with 403/],
  ['an answer of something else', (_, response) => response.end('{"a":1}'), 'HUB_REGISTRY_REFUSED', /without a schema/],
  [
    'another kind of schema',
    (_, response) => response.end('{"schema":"x","schemaType":"PROTOBUF"}'),
    'HUB_SCHEMA_INVALID',
    /PROTOBUF/,
  ],
  [
    'an answer without end',
    (_, response) => {
      const piece = Buffer.alloc(1_000_000, 0x20)
      for (let at = 0; at < 6; at++) response.write(piece)
      response.end()
    },
    'HUB_REGISTRY_REFUSED',
    /more than 4000000 bytes/,
  ],
  ['a connection that is cut', request => request.socket.destroy(), 'HUB_REGISTRY_UNREACHABLE', /does not answer/],
])('%s is an error that says so', async (_what, answer, code, message) => {
  const registry = openSurveyRegistry(await serve(answer))
  await expect(registry.find(1101)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
})

test('schemas that refer to one another in a circle are refused', async () => {
  const schema = { schema: record('a', 'long'), references: [{ name: 'b', subject: 'b', version: 1 }] }
  const registry = openSurveyRegistry(
    await serve(json({ '/registry/schemas/ids/1': schema, '/registry/subjects/b/versions/1': schema })),
  )
  await expect(registry.find(1)).rejects.toMatchObject({ code: 'HUB_SCHEMA_INVALID' })
})
