import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { openFetchConnection } from './fetch-connection.ts'

const servers: Server[] = []
const sockets = new Set<Socket>()
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  for (const socket of sockets) socket.destroy()
})

/** What a first fetch from this peer is answered. */
const fetchFrom = async (peer: (socket: Socket) => void) => {
  const server = createServer(socket => {
    sockets.add(socket.on('error', () => undefined))
    peer(socket)
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const access = { bootstrap: '', user: 'user', password: 'password', timeouts: { connectMs: 500 } }
  const connection = openFetchConnection(access, 'test', { host: '127.0.0.1', port })
  const answer = await connection.fetch(0, 1, 1, 1, 0, -1, [], [], '').catch((error: unknown) => error)
  return { answer, isUsable: connection.isUsable }
}

test.each([
  ['closes the connection during the login', (socket: Socket) => socket.once('data', () => socket.end()), 'closed'],
  ['takes the connection and says nothing', () => undefined, 'no login within 0.5 s'],
  ['is none of Kafka’s', (socket: Socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), 'not a Kafka broker'],
])('a peer that %s cannot be reached, which is no refusal of the login', async (_, peer, why) => {
  const { answer, isUsable } = await fetchFrom(peer)
  expect(answer).toMatchObject({ code: 'PLT_KFK_NETWORK', message: expect.stringContaining(why) })
  expect(isUsable).toBe(false)
})
