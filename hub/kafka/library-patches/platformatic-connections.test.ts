import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Connection } from '@platformatic/kafka'
import { afterEach, expect, test, vi } from 'vitest'
import { startLoginBroker } from './login-broker.fixture.ts'
import { patchConnections } from './platformatic-connections.ts'

// Starting processes takes long on a busy machine; that must not decide a test.
vi.setConfig({ testTimeout: 60_000 })

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** Runs a client in a process of its own, with `pool` and `broker`; what it prints, once it has ended by itself. */
const runClient = async (port: number, body: string): Promise<string> => {
  const script = `
    import { ConnectionPool } from '@platformatic/kafka'
    import { setTimeout as sleep } from 'node:timers/promises'
    import { patchConnections } from ${JSON.stringify(join(import.meta.dirname, 'platformatic-connections.ts'))}
    patchConnections()
    const pool = new ConnectionPool('test', { sasl: { mechanism: 'PLAIN', username: 'user', password: 'password' } })
    const broker = { host: '127.0.0.1', port: ${port} }
    ${body}`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    timeout: 50_000,
  })
  return stdout.trim()
}

// What a relay does whose broker is away. Without the listener this ends the process, here the test run.
test('a peer that takes a connection and closes it during the login fails that connection, not the process', async () => {
  patchConnections()
  const server = createServer(socket => socket.once('data', () => socket.end()).on('error', () => undefined))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const sasl = { mechanism: 'SCRAM-SHA-512', username: 'user', password: 'password' } as const
  const connection = new Connection('test', { sasl })
  await expect(connection.connect('127.0.0.1', port)).rejects.toThrow(/closed/)
  await sleep(50)
  server.close()
})

test('a process whose connection the broker has closed ends, and does not wait for the time of its next login', async () => {
  const { port, close } = await startLoginBroker(['taken-and-closed'])
  closers.push(close)
  const printed = await runClient(
    port,
    `const connection = await pool.get(broker)
    while (connection.status !== 'closed') await sleep(10)
    await pool.close()
    console.log('closed')`,
  )
  expect(printed).toBe('closed')
})

test('a connection made after a refused login is closed with its client', async () => {
  const { port, close } = await startLoginBroker(['refused', 'taken'])
  closers.push(close)
  const printed = await runClient(
    port,
    `await pool.get(broker).catch(error => console.log(error.message.replace(/\\d+/g, '')))
    await sleep(10)
    const connection = await pool.get(broker)
    await sleep(300)
    await pool.close()
    console.log(connection.status)`,
  )
  expect(printed).toMatch(/failed\.\nclosed$/)
})
