// Two real instances: what one that does not lead passes on, and to whom. A listener of the test's own stands for any address somebody may name.
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type Api } from '#api'
import { ask } from './ask.fixture.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'
import { joinRequest, newNodeKey } from './joining-node.fixture.ts'

let instance: TestInstance
let both: (Api & { readonly port: number })[]
let elsewhere: Server
const reached: string[] = []

beforeAll(async () => {
  elsewhere = createServer((request, response) => {
    reached.push(`${request.method} ${request.url}`)
    response.end('the inside of the house')
  })
  await new Promise<void>(resolve => elsewhere.listen(0, '127.0.0.1', resolve))
  instance = await openTestInstance(inject('kafka'))
  await instance.startRedis()
  both = [await instance.open(), await instance.open()]
  // Until one of the two leads and both know it.
  for (const { url } of both) while ((await make(url, `ready-${new URL(url).port}`)).status !== 201) await sleep(100)
})
afterAll(async () => {
  elsewhere?.close()
  await instance?.close()
})

const host = (): string => `127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
const make = (url: string, name: string): Promise<Response> =>
  fetch(`${url}/v1/accounts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${instance.adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  })
const raw = async (port: number, line: string, head: readonly string[] = [], body = ''): Promise<string> => {
  const socket = connect(port, '127.0.0.1')
  const headers = [...head, 'host: x', 'connection: close', `content-length: ${body.length}`]
  socket.write(`${line} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`)
  return text(socket)
}

test('nobody makes an instance send a request to another address, with or without a token', async () => {
  const token = `authorization: Bearer ${instance.adminToken}`
  const json = 'content-type: application/json'
  const account = JSON.stringify({ name: 'astray' })
  for (const { port } of both) {
    for (const line of [`POST //${host()}/admin`, `DELETE ///${host()}/admin`, `POST http://${host()}/admin`]) {
      expect(await raw(port, line)).toMatch(/^HTTP\/1\.1 404 /)
      expect(await raw(port, line, [token])).toMatch(/^HTTP\/1\.1 404 /)
    }
    // The form clients send to a proxy matches our routes.
    expect(await raw(port, `POST http://${host()}/v1/accounts`, [json], account)).toMatch(/^HTTP\/1\.1 401 /)
    expect(await raw(port, `POST http://${host()}/v1/accounts`, [json, token], account)).toMatch(
      /^HTTP\/1\.1 (400|201|409) /,
    )
    expect(await raw(port, `POST /v1/accounts`, [json], account)).toMatch(/^HTTP\/1\.1 401 /)
    expect(await raw(port, 'POST /v1/nowhere')).toMatch(/^HTTP\/1\.1 404 /)
  }
  expect(reached).toEqual([])
})

test('a node joins through either instance, without a bearer token, and who has no good token gets no further', async () => {
  const kafka = inject('kafka')
  for (const { url, port } of both) {
    const name = `through-${port}`
    const added = await ask('POST', `${url}/v1/nodes`, { token: instance.adminToken, body: { name } })
    const body = await joinRequest(added.body.token, await newNodeKey(), kafka.node)
    // The other instance may not have read of the node yet; what it does not know it leaves to the leader.
    expect(await ask('POST', `${url}/v1/nodes/join`, { body })).toMatchObject({ status: 200, body: { name } })
    const wrong = { ...body, token: body.token.replace(/_[0-9a-z]{40}_/, `_${'0'.repeat(40)}_`) }
    expect(await ask('POST', `${url}/v1/nodes/join`, { body: wrong })).toMatchObject({
      status: 403,
      body: { code: 'API_JOIN_TOKEN_UNKNOWN' },
    })
    const gone = await ask('DELETE', `${url}/v1/nodes/${name}`, { token: instance.adminToken })
    expect(gone.status).toBe(204)
  }
})

test('either instance takes a write, and a path is passed on as it came', async () => {
  for (const { url, port } of both) {
    expect((await make(url, `by-${port}`)).status).toBe(201)
    const head = [`authorization: Bearer ${instance.adminToken}`]
    // Read as a way up, this would be another route.
    expect(await raw(port, 'DELETE /v1/accounts/%2e%2e', head)).toContain('API_ACCOUNT_UNKNOWN')
    const gone = await fetch(`${url}/v1/accounts/by-${port}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${instance.adminToken}` },
    })
    expect(gone.status).toBe(204)
  }
})
