import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from '@platformatic/kafka'
import { expect, test } from 'vitest'
import { bearConnectionErrors } from './platformatic-connections.ts'

// What a relay does whose broker is away. Without the listener this ends the process, here the test run.
test('a peer that takes a connection and closes it during the login fails that connection, not the process', async () => {
  bearConnectionErrors()
  const server = createServer(socket => socket.once('data', () => socket.end()).on('error', () => undefined))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const sasl = { mechanism: 'SCRAM-SHA-512', username: 'user', password: 'password' } as const
  const connection = new Connection('test', { sasl })
  await expect(connection.connect('127.0.0.1', port)).rejects.toThrow(/closed/)
  await sleep(50)
  server.close()
})
