// A node that joins and cannot be reached back at the address it gives: its operator and administrators are told why, no filter is placed there though it
// reports, and it needs nothing but an address that can be reached to be as any other.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type Api } from '#api'
import { openAdmin, openProducer, STREAMS } from '#hub'
import { type Identity } from '../../start/join/identity.ts'
import { type JoinContext, joinWith as joinAs } from '../../start/join/join-node.ts'
import { machineFacts } from '../../start/join/machine-facts.ts'
import { untilReached } from '../../start/join/until-reached.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'
import { letApiIn, nodeCalls, until } from './joining-node.fixture.ts'
import { ofShard } from './reporting-nodes.fixture.ts'

const kafka = inject('kafka')
const NODE = `behind${randomBytes(3).toString('hex')}`
const dir = mkdtempSync(join(tmpdir(), 'skysieve-unreachable-'))
const ended = new AbortController()
const notes: string[] = []

let instance: TestInstance
let api: Api
let port: number
let context: JoinContext
let identity: Identity
let reached: Promise<void>
let filter: string
let listener: Server | undefined
const sockets = new Set<Socket>()

const { call, add } = nodeCalls(() => ({ url: api.url, adminToken: instance.adminToken }))
const cli = async (...argv: string[]) =>
  JSON.parse((await instance.cli(['node', ...argv, '--url', api.url], { token: instance.adminToken })).stdout)
const whyMatches = (said: RegExp) =>
  until(
    () => call('GET', `/nodes/${NODE}`),
    ({ body }) => said.test(body.why ?? ''),
  )
/** Something takes connections at the node's address, and does this with each. */
const listen = (take: (socket: Socket) => void): Promise<void> =>
  new Promise(resolve => {
    listener = createServer(socket => {
      sockets.add(socket.on('error', () => undefined))
      take(socket)
    }).listen(port, '127.0.0.1', resolve)
  })
const unlisten = (): void => {
  listener?.close()
  for (const socket of sockets) socket.destroy()
  sockets.clear()
}

beforeAll(async () => {
  instance = await openTestInstance(kafka, { withoutNode: true })
  await instance.startRedis()
  // A node wants to know what it is to copy.
  const hub = openAdmin(kafka.hub)
  await hub.createTopics([{ name: STREAMS.lsst.topic }])
  await hub.close()
  api = await instance.open()
  port = await getPort()
  const token = await add({ name: NODE })
  context = {
    dir,
    apiUrl: api.url,
    name: undefined,
    address: { host: '127.0.0.1', port },
    shards: 1,
    facts: () => machineFacts(dir, false),
    note: text => notes.push(text),
    signal: ended.signal,
  }
  identity = await joinAs(token, context)
  const { worker } = identity.answer.hubUsers
  const producer = await openProducer({ bootstrap: kafka.hub.bootstrap, ...worker }, { clientId: 'unreachable-test' })
  const value = JSON.stringify(ofShard(NODE))
  await producer.send([{ topic: identity.answer.statusTopic ?? '', key: `node/${NODE}/0`, value }])
  await producer.close()
  reached = untilReached(identity, context, 100)
})
afterAll(async () => {
  ended.abort()
  await reached?.catch(() => undefined)
  unlisten()
  await instance?.close()
  rmSync(dir, { recursive: true, force: true })
})

test('administrators see that it reports and is not reached, where that was tried, and why', async () => {
  await whyMatches(/ECONNREFUSED|could not connect|connection/i)
  expect(await cli('show', NODE)).toMatchObject({
    state: 'active',
    updatedAt: expect.any(String),
    reached: false,
    bootstrap: `127.0.0.1:${port}`,
    why: expect.stringContaining(String(port)),
  })
  expect(await cli('list')).toMatchObject([{ mirror: NODE, reached: false, why: expect.any(String) }])
})

test('its operator is told the same on its own machine', async () => {
  await expect
    .poll(() => notes.join('\n'), { timeout: 60_000 })
    .toContain(`the hub does not reach this node at 127.0.0.1:${port}: `)
  expect(identity.answer).toMatchObject({ name: NODE, reached: false })
})

test('no filter is placed there, and what it waits for is said', async () => {
  const source = 'export const filter = () => true'
  filter = (await call('POST', '/filters', { name: 'waits', language: 'javascript', source })).body.id
  const { body } = await until(
    () => call('GET', `/filters/${filter}`),
    ({ body }) => body.waitsFor !== undefined,
  )
  expect(body).toMatchObject({
    stage: 'placing',
    placement: null,
    waitsFor: `no node can take it now: ${NODE}: the API has not reached its broker yet`,
  })
})

test('of an address that takes connections and answers nothing it is said that it does not answer', async () => {
  await listen(() => undefined)
  const { body } = await whyMatches(/does not answer|no answer|timed out|timeout/i)
  unlisten()
  expect(body.reached).toBe(false)
})

test('it mends itself when its broker answers there', async () => {
  await letApiIn(kafka.node, identity.answer.apiUser)
  const [host = '', brokerPort] = kafka.node.bootstrap.split(':')
  await listen(socket => {
    const onward = connect(Number(brokerPort), host)
    sockets.add(onward.on('error', () => undefined))
    socket.pipe(onward).pipe(socket)
  })
  await reached
  expect(await cli('show', NODE)).toMatchObject({ reached: true })
  expect(await cli('show', NODE)).not.toHaveProperty('why')
  const { body } = await until(
    () => call('GET', `/filters/${filter}`),
    ({ body }) => body.placement !== null,
  )
  expect(body.placement.mirror).toBe(NODE)
})
