// A node that joins an API which is away, answers nonsense, refuses, or is somebody else's; and one whose join is cut off.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer as createHttp, type RequestListener, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
// oxlint-disable-next-line import/no-unassigned-import -- a polyfill, which the library needs to be there first
import 'reflect-metadata'
import { Pkcs10CertificateRequest } from '@peculiar/x509'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type JoinAnswer, type JoinRequest } from '#api'
import { serverTls, signRequest } from '#hub'
import { hashOfCertificate } from './authority.ts'
import { readIdentity, writeToken } from './identity.ts'
import { joinLocally, knowsAll } from './join-local.ts'
import { joinRemotely, learnAnew, learnFirst } from './join-remote.ts'
import { type JoinContext, joinWith } from './join-node.ts'
import { machineFacts } from './machine-facts.ts'
import { untilReached } from './until-reached.ts'

const PLAIN_TOKEN = `skyjoin_ab12_${'s'.repeat(20)}_${'0'.repeat(32)}`
const login = (user: string) => ({ user, password: `password-of-${user}` })

const plainAnswer = ({ name = 'node3', shards }: JoinRequest): JoinAnswer => ({
  name,
  shards,
  hub: { bootstrap: '127.0.0.1:21000' },
  registryUrl: 'http://127.0.0.1:21002',
  alertTopics: [{ name: 'lsst-alerts-v11', partitions: 8 }],
  statusTopic: 'skysieve.status.node3',
  hubUsers: { mirrorMaker: login('skysieve-mm2-node3'), worker: login('skysieve-worker-node3') },
  apiUser: login('skysieve-api'),
  nodeToken: 'skynode_1',
  metricsTokenSha256: 'a'.repeat(64),
  reached: false,
})

let root: string
let servers: Server[]
let notes: string[]
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'skysieve-join-'))
  servers = []
  notes = []
})
afterEach(() => {
  for (const server of servers) server.close().closeAllConnections()
  rmSync(root, { recursive: true, force: true })
})

const listening = async (server: Server): Promise<number> => {
  servers.push(server)
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

type Answered = { readonly status: number; readonly body: unknown }

/** An API that answers joins so; it counts them, and keeps what it was sent. */
const api = (answer: (request: JoinRequest, tried: number) => Answered | Promise<Answered>, ca?: string) => {
  const requests: JoinRequest[] = []
  const listener: RequestListener = (request, response) => {
    if (request.url === '/v1/ca') response.end(ca)
    else
      void json(request).then(async body => {
        requests.push(body as JoinRequest)
        const { status, body: answered } = await answer(body as JoinRequest, requests.length - 1)
        // Status 0: no answer at all.
        if (status === 0) return request.socket.destroy()
        return response.writeHead(status).end(typeof answered === 'string' ? answered : JSON.stringify(answered))
      })
  }
  return { requests, listener }
}

const contextFor = (apiUrl: string, over: Partial<JoinContext> = {}): JoinContext => ({
  dir: join(root, 'node'),
  apiUrl,
  name: undefined,
  address: { host: '127.0.0.1', port: 21_030 },
  shards: 1,
  facts: () => machineFacts(root, false),
  note: text => void notes.push(text),
  signal: AbortSignal.timeout(30_000),
  ...over,
})

test('a node joins an API that is away at first, and keeps who it is in files of its own', async () => {
  const { requests, listener } = api((request, tried) =>
    tried === 0
      ? { status: 0, body: '' }
      : tried === 1
        ? { status: 503, body: { detail: 'The API is still reading.' } }
        : { status: 200, body: plainAnswer(request) },
  )
  const port = await listening(createHttp(listener))
  const context = contextFor(`http://127.0.0.1:${port}`)
  const identity = await joinWith(PLAIN_TOKEN, context)
  expect(identity.answer.name).toBe('node3')
  expect(readIdentity(context.dir)).toEqual(identity)
  for (const file of ['identity.json', 'node-key.pem'])
    expect(statSync(join(context.dir, file)).mode & 0o777).toBe(0o600)
  expect(notes.join('\n')).toMatch(/cannot say yet: .*\n.*still reading/)
  const [first, , last] = requests
  expect(last?.csr).toBeDefined()
  expect(last?.facts.clockMs).toBeGreaterThan(first?.facts.clockMs ?? Infinity)
  expect(JSON.stringify(requests)).not.toContain('PRIVATE KEY')
})

test('a refusal ends the join with the API’s words and leaves no identity', async () => {
  const { listener } = api(() => ({ status: 403, body: { detail: 'The token has \u001B[31mexpired. Get another.' } }))
  const port = await listening(createHttp(listener))
  const context = contextFor(`http://127.0.0.1:${port}`)
  const joining = joinWith(PLAIN_TOKEN, context)
  await expect(joining).rejects.toMatchObject({ code: 'DEPLOY_JOIN_REFUSED' })
  await expect(joining).rejects.toThrow(/refuses this node: The token has  \[31mexpired\. Get another\./)
  expect(readIdentity(context.dir)).toBeUndefined()
})

test.each<[string, (answer: JoinAnswer) => unknown, RegExp]>([
  ['no JSON', () => '<html>', /form|must|object/],
  ['another form', answer => ({ ...answer, hub: undefined }), /hub/],
  ['more shards than there may be', answer => ({ ...answer, shards: 400 }), /400 shards/],
  ['an address with spaces', answer => ({ ...answer, hub: { bootstrap: 'a b:1' } }), /hub’s broker/],
  [
    'a password with quotes',
    answer => ({ ...answer, apiUser: { user: 'skysieve-api', password: 'x";sasl.' } }),
    /characters/,
  ],
  ['no topics', answer => ({ ...answer, alertTopics: [] }), /alert topics/],
  ['a topic of reports with spaces', answer => ({ ...answer, statusTopic: 'a b' }), /topic of reports/],
  ['an authority that the token does not name', answer => ({ ...answer, ca: 'x', certificate: 'y' }), /no authority/],
])('an answer with %s is not taken', async (_, spoil, why) => {
  const { listener } = api(request => ({ status: 200, body: spoil(plainAnswer(request)) }))
  const port = await listening(createHttp(listener))
  const context = contextFor(`http://127.0.0.1:${port}`)
  await expect(joinWith(PLAIN_TOKEN, context)).rejects.toThrow(why)
  expect(readIdentity(context.dir)).toBeUndefined()
})

const slow = { status: 422, body: { code: 'API_JOIN_CLOCK', detail: 'The clock is behind.' } }

test('the clock of the hub’s own machine is right, however long a request took there', async () => {
  const { requests, listener } = api((request, tried) =>
    tried < 10 ? slow : { status: 200, body: plainAnswer(request) },
  )
  const port = await listening(createHttp(listener))
  await joinWith(PLAIN_TOKEN, contextFor(`http://127.0.0.1:${port}`))
  expect(requests).toHaveLength(11)
})

test('an answer without end is given up', async () => {
  const { listener } = api(() => ({ status: 200, body: 'x'.repeat(400_000) }))
  const port = await listening(createHttp(listener))
  const ended = new AbortController()
  const note = (text: string): void => {
    notes.push(text)
    ended.abort(new Error('seen'))
  }
  await expect(
    joinWith(PLAIN_TOKEN, contextFor(`http://127.0.0.1:${port}`, { note, signal: ended.signal })),
  ).rejects.toThrow(/aborted|seen/)
  expect(notes[0]).toMatch(/more than \d+ bytes/)
})

test('over TLS the token goes only to who has the token’s authority, and the certificate is the node’s own', async () => {
  const tls = await serverTls(join(root, 'tls'), 'hub', ['127.0.0.1'])
  const token = `skyjoin_ab12_${'s'.repeat(20)}_${hashOfCertificate(tls.ca)}`
  const { requests, listener } = api(
    async request => ({
      status: 200,
      body: {
        ...plainAnswer(request),
        hub: { bootstrap: '127.0.0.1:21100', ca: tls.ca },
        ca: tls.ca,
        certificate: await signRequest(join(root, 'tls'), request.csr, 'node3', [request.address.host]),
      },
    }),
    tls.ca,
  )
  const pem = readFileSync(tls.keystore, 'utf8')
  const port = await listening(createHttps({ key: pem, cert: pem }, listener))
  const context = contextFor(`https://127.0.0.1:${port}`)
  const other = await serverTls(join(root, 'other'), 'hub', ['127.0.0.1'])
  const foreign = `skyjoin_ab12_${'s'.repeat(20)}_${hashOfCertificate(other.ca)}`
  await expect(joinWith(foreign, context)).rejects.toThrow(/not the system that gave the token.*not sent/)
  await expect(joinWith(PLAIN_TOKEN, context)).rejects.toThrow(/of another system/)
  expect(requests).toEqual([])
  expect((await joinWith(token, context)).answer.certificate).toContain('BEGIN CERTIFICATE')
  expect(requests).toHaveLength(1)
})

test('a machine of a cell waits for the two others, however long, says for whom, and takes no answer that is not about it', async () => {
  const tls = await serverTls(join(root, 'tls'), 'hub', ['127.0.0.1'])
  const token = `skyjoin_ab12_${'s'.repeat(20)}_${hashOfCertificate(tls.ca)}`
  const waiting = (joined: number) => ({ status: 202, body: { name: 'far', machine: 2, joined, of: 3 } })
  const cell = (host: string) => ({
    machine: 2,
    clusterId: 'A'.repeat(22),
    machines: ['10.0.0.1', host, '10.0.0.3'].map((one, at) => ({ machine: at + 1, host: one })),
    diskBytes: 1e12,
    passwords: { admin: 'a'.repeat(20), mirrorMaker: 'b'.repeat(20), worker: 'c'.repeat(20) },
  })
  const state = { host: '127.0.0.1' }
  const { requests, listener } = api(
    async (request, tried) =>
      tried < 2
        ? waiting(tried + 1)
        : {
            status: 200,
            body: {
              ...plainAnswer(request),
              name: 'far',
              shards: 6,
              hub: { bootstrap: '127.0.0.1:21100', ca: tls.ca },
              ca: tls.ca,
              certificate: await signRequest(join(root, 'tls'), request.csr, 'far-2', ['127.0.0.1'], 'peer'),
              cell: cell(state.host),
            },
          },
    tls.ca,
  )
  const pem = readFileSync(tls.keystore, 'utf8')
  const context = contextFor(`https://127.0.0.1:${await listening(createHttps({ key: pem, cert: pem }, listener))}`)
  const { answer } = await joinWith(token, context)
  expect([answer.cell?.machine, answer.shards, requests.length]).toEqual([2, 6, 3])
  expect(notes).toEqual([1, 2].map(joined => `machine 2 of far waits for the others: ${joined} of 3 have joined`))
  state.host = '10.0.0.9'
  await expect(joinWith(token, context)).rejects.toThrow(/has this machine at another address/)
})

test('before it starts again a machine of a cell asks whether its place is still its own; a hub that is away is not waited for long', async () => {
  const state = { isKnown: true }
  const { listener } = api(request =>
    state.isKnown
      ? { status: 200, body: plainAnswer(request) }
      : { status: 403, body: { detail: 'The join token is not known: a newer one took its place.' } },
  )
  const port = await listening(createHttp(listener))
  const context = contextFor(`http://127.0.0.1:${port}`)
  const alone = await joinWith(PLAIN_TOKEN, context)
  const cell = {
    machine: 1,
    clusterId: '',
    machines: [],
    diskBytes: 1,
    passwords: { admin: '', mirrorMaker: '', worker: '' },
  }
  const identity = { ...alone, answer: { ...alone.answer, cell } }
  expect((await learnFirst(identity, context)).answer).not.toHaveProperty('cell')
  state.isKnown = false
  await expect(learnFirst(identity, context)).rejects.toThrow(/a newer one took its place/)
  expect(await learnFirst(alone, context)).toBe(alone)
  for (const server of servers.splice(0)) server.close().closeAllConnections()
  expect(await learnFirst(identity, context, 500)).toBe(identity)
})

test('the clock of another machine is told anew some times before it is believed to be wrong', async () => {
  const tls = await serverTls(join(root, 'tls'), 'hub', ['127.0.0.1'])
  const { requests, listener } = api(() => slow, tls.ca)
  const pem = readFileSync(tls.keystore, 'utf8')
  const port = await listening(createHttps({ key: pem, cert: pem }, listener))
  const token = `skyjoin_ab12_${'s'.repeat(20)}_${hashOfCertificate(tls.ca)}`
  await expect(joinWith(token, contextFor(`https://127.0.0.1:${port}`))).rejects.toThrow(/The clock is behind/)
  expect(requests).toHaveLength(8)
})

test('who shows the authority’s certificate without its key is not believed', async () => {
  const tls = await serverTls(join(root, 'tls'), 'hub', ['127.0.0.1'])
  const impostor = await serverTls(join(root, 'impostor'), 'hub', ['127.0.0.1'])
  const { requests, listener } = api(() => ({ status: 200, body: {} }), tls.ca)
  const pem = readFileSync(impostor.keystore, 'utf8')
  const port = await listening(createHttps({ key: pem, cert: pem }, listener))
  const ended = new AbortController()
  const note = (text: string): void => {
    notes.push(text)
    ended.abort(new Error('seen'))
  }
  const token = `skyjoin_ab12_${'s'.repeat(20)}_${hashOfCertificate(tls.ca)}`
  await expect(
    joinWith(token, contextFor(`https://127.0.0.1:${port}`, { note, signal: ended.signal })),
  ).rejects.toThrow(/aborted|seen/)
  expect(notes[0]).toMatch(/certificate|signature/)
  expect(requests).toEqual([])
})

test('a local join that was cut off is repeated with the same key and token; a token that is of no use is replaced', async () => {
  const invited: string[] = []
  const tokens = ['a', 'b'].map(letter => `skyjoin_${letter.repeat(8)}_${'s'.repeat(20)}_${'0'.repeat(32)}`)
  const { requests, listener } = api(request =>
    request.token === tokens[1]
      ? { status: 200, body: plainAnswer(request) }
      : { status: 403, body: { detail: 'The token has expired.' } },
  )
  const port = await listening(
    createHttp((request, response) => {
      if (request.url !== '/v1/nodes') return listener(request, response)
      invited.push(String(request.headers.authorization))
      return response.writeHead(201).end(JSON.stringify({ token: tokens[1] }))
    }),
  )
  const context = { ...contextFor(`http://127.0.0.1:${port}`), name: 'node3', adminToken: 'sky_admin' }
  writeToken(context.dir, tokens[0] ?? '')
  const identity = await joinLocally(context)
  expect(identity.token).toBe(tokens[1])
  expect(invited).toEqual(['Bearer sky_admin'])
  const keys = requests.map(({ csr }) => new Pkcs10CertificateRequest(csr).publicKey.toString('pem'))
  expect([keys.length, new Set(keys).size]).toEqual([2, 1])
  // Known from now on, whether the API answers or not.
  for (const server of servers.splice(0)) server.close().closeAllConnections()
  expect(await joinLocally(context)).toEqual(identity)
})

test('a local node that joined a former version asks once more, to be told where it reports', async () => {
  const isFormer = { now: true }
  const { requests, listener } = api(request => {
    const { statusTopic: _later, ...former } = plainAnswer(request)
    return { status: 200, body: isFormer.now ? former : plainAnswer(request) }
  })
  const port = await listening(createHttp(listener))
  const context = { ...contextFor(`http://127.0.0.1:${port}`), name: 'node3', adminToken: 'sky_admin' }
  const former = await joinWith(PLAIN_TOKEN, context)
  expect(knowsAll(former, context.address)).toBe(false)
  isFormer.now = false
  const identity = await joinLocally(context)
  expect(identity).toEqual({ ...former, answer: { ...former.answer, statusTopic: 'skysieve.status.node3' } })
  expect(await joinLocally(context)).toEqual(identity)
  expect([requests.length, knowsAll(identity, context.address)]).toEqual([2, true])
})

test('a node asks until the API reaches its broker, and each reason is told once', async () => {
  const why = 'Connection to 10.0.0.1:21100 failed.'
  const { requests, listener } = api((request, tried) => ({
    status: 200,
    body: { ...plainAnswer(request), ...(tried < 3 ? { why } : {}), reached: tried >= 4 },
  }))
  const port = await listening(createHttp(listener))
  const context = contextFor(`http://127.0.0.1:${port}`)
  const identity = await joinWith(PLAIN_TOKEN, context)
  await untilReached(identity, context, 1)
  expect(requests).toHaveLength(5)
  expect(notes).toEqual([`the hub does not reach this node at 127.0.0.1:21030: ${why}`])
  expect(readIdentity(context.dir)?.answer.reached).toBe(true)
})

test('a node that its hub knows no more is told so, and one that is known learns what has changed', async () => {
  const state = { isKnown: true }
  const { listener } = api(request =>
    state.isKnown
      ? { status: 200, body: { ...plainAnswer(request), hub: { bootstrap: '127.0.0.1:31000' }, reached: true } }
      : { status: 403, body: { detail: 'The join token is not known: its node was removed.' } },
  )
  const port = await listening(createHttp(listener))
  const context = contextFor(`http://127.0.0.1:${port}`)
  const identity = await joinWith(PLAIN_TOKEN, context)
  expect(await learnAnew(identity, context)).toBeUndefined()
  expect(readIdentity(context.dir)?.answer.hub.bootstrap).toBe('127.0.0.1:31000')
  state.isKnown = false
  expect(await learnAnew(identity, context)).toMatch(/refuses this node: .*its node was removed/)
  expect(readIdentity(context.dir)).toBeDefined()
})

test('a node on its own machine joins with the token of a file, goes by what it was told, and asks where a hub has moved', async () => {
  const { requests, listener } = api(request => ({ status: 200, body: { ...plainAnswer(request), reached: true } }))
  const [one, other] = [await listening(createHttp(listener)), await listening(createHttp(listener))]
  const file = join(root, 'token')
  writeFileSync(file, `${PLAIN_TOKEN}\n`)
  const context = contextFor(`http://127.0.0.1:${one}`)
  await expect(joinRemotely(context, undefined)).rejects.toThrow(/give the join token by --token-file/)
  await expect(joinRemotely(context, join(root, 'none'))).rejects.toThrow(/none cannot be read \(ENOENT\)/)
  writeFileSync(join(root, 'other'), 'not a token')
  await expect(joinRemotely(context, join(root, 'other'))).rejects.toThrow(/no join token/)
  await joinRemotely(context, file)
  rmSync(file)
  await joinRemotely(context, file)
  expect(requests).toHaveLength(1)
  await joinRemotely({ ...context, apiUrl: `http://127.0.0.1:${other}` }, undefined)
  await joinRemotely({ ...context, apiUrl: `http://127.0.0.1:${other}`, address: { host: '127.0.0.1', port: 1 } }, file)
  expect(requests).toHaveLength(3)
})
