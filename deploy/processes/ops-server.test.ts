// The ops port as an operator's probe sees it.
import { createServer } from 'node:net'
import { Counter, Registry } from 'prom-client'
import { afterEach, expect, test } from 'vitest'
import { type Check, openOpsServer } from './ops-server.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const freePort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>(done => void server.listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise(done => server.close(done))
  if (address === null || typeof address === 'string') throw new Error('A listening server has no port')
  return address.port
}

const open = async (checks: () => readonly Check[]): Promise<string> => {
  const metrics = new Registry()
  new Counter({ name: 'skysieve_test_total', help: 'Of the test', registers: [metrics] }).inc(3)
  const port = await freePort()
  const server = await openOpsServer({ port, metrics, checks })
  closers.push(() => server.close())
  return `http://127.0.0.1:${port}`
}

test('a process is ready when all its checks are, and says why it is not', async () => {
  const checks: Check[] = [{ name: 'hub', ok: false, reason: 'no answer yet' }]
  const url = await open(() => checks)
  const before = await fetch(`${url}/readyz`)
  expect([before.status, await before.json()]).toEqual([503, { ready: false, checks }])
  checks.splice(0, 1, { name: 'hub', ok: true })
  const after = await fetch(`${url}/readyz`)
  expect([after.status, await after.json()]).toEqual([200, { ready: true, checks }])
})

test('a process that is not ready is alive, and its metrics can be read', async () => {
  const url = await open(() => [{ name: 'hub', ok: false, reason: 'away' }])
  expect((await fetch(`${url}/livez`)).status).toBe(200)
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('skysieve_test_total 3')
})
