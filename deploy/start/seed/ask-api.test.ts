import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { askApi } from './ask-api.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

/** An API that does these in turn, the last one from then on; counts what it was asked. */
const openApi = async (...turns: RequestListener[]) => {
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    const turn = turns[Math.min(asked.length, turns.length - 1)]
    asked.push(request.url)
    turn?.(request, response)
  })
  servers.push(server)
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return { access: { apiUrl: `http://127.0.0.1:${port}`, adminToken: 'sky_test' }, asked }
}

const answer =
  (status: number, text = '{}', headers = {}): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end(text)
const silence: RequestListener = () => undefined
const hangUp: RequestListener = request => void request.destroy()
const question = { method: 'POST', path: '/v1/filters', body: { name: 'one' } } as const
const never = new AbortController().signal

test('an API that is slow, busy, restarting or limiting is asked again until it answers', async () => {
  const busy = answer(503, '{"detail":"try again in a few seconds"}', { 'retry-after': '0' })
  const { access, asked } = await openApi(silence, busy, hangUp, answer(429), answer(201, '{"id":"f1"}'))
  expect(await askApi(access, question, never, 300)).toEqual({ status: 201, text: '{"id":"f1"}' })
  expect(asked).toHaveLength(5)
})

test('an API that is not there yet is waited for until the start is ended', async () => {
  const ending = new AbortController()
  const reason = new Error('Ctrl-C')
  setTimeout(() => ending.abort(reason), 700)
  const access = { apiUrl: 'http://127.0.0.1:1', adminToken: 'sky_test' }
  await expect(askApi(access, question, ending.signal)).rejects.toMatchObject({ cause: reason })
})

test('what the API refuses is not asked again', async () => {
  const { access, asked } = await openApi(answer(409, 'there is one of that name'))
  expect(await askApi(access, question, never)).toEqual({ status: 409, text: 'there is one of that name' })
  expect(asked).toHaveLength(1)
})
