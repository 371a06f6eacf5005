// A node of three machines as the API sees it: added, joined one after the other, a place given to another machine, and every join that is refused.
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Api, type JoinRequest } from '#api'
import { openAdmin, serverTls } from '#hub'
import { type Answer } from './ask.fixture.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'
import { joinRequest, newNodeKey, nodeCalls, type NodeKey, until } from './joining-node.fixture.ts'

const kafka = inject('kafka')
const NAME = 'far'
/** For documentation (RFC 5737): nothing is there. */
const HOSTS = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'] as const

const tlsDir = mkdtempSync(join(tmpdir(), 'skysieve-cells-'))
let instance: TestInstance
let api: Api
let keys: readonly NodeKey[]
let tokens: readonly string[]

const { call, joinWith } = nodeCalls(() => ({ url: api.url, adminToken: instance.adminToken }))
const add = async (name: string): Promise<readonly string[]> => {
  const { status, body } = await until(
    () => call('POST', '/nodes', { name, machines: 3 }),
    answer => answer.status !== 503,
  )
  expect([status, body]).toMatchObject([201, { tokens: [1, 2, 3].map(machine => ({ machine })) }])
  expect(body).not.toHaveProperty('token')
  return body.tokens.map(({ token }: { token: string }) => token)
}
/** What the machine of this number says, 1 to 4; the fourth is none of the cell's. */
const request = async (
  machine: number,
  over: { token?: string; host?: string; port?: number } = {},
): Promise<JoinRequest> => {
  const { token = tokens[machine - 1] ?? '', host = HOSTS[machine - 1] ?? '', port = 21_100 } = over
  const key = keys[machine - 1]
  if (key === undefined) throw new RangeError(`no machine ${machine}`)
  return joinRequest(token, key, { bootstrap: `${host}:${port}` })
}
const ask = async (...of: Parameters<typeof request>): Promise<Answer> => joinWith(await request(...of))
const node = async (): Promise<Answer['body']> => (await call('GET', `/nodes/${NAME}`)).body

beforeAll(async () => {
  const { ca } = await serverTls(tlsDir, 'hub', ['127.0.0.1'])
  instance = await openTestInstance(kafka, { withoutNode: true, authority: { dir: tlsDir, ca } })
  await instance.startRedis()
  api = await instance.open()
  keys = await Promise.all(HOSTS.map(() => newNodeKey()))
  tokens = await add(NAME)
})
afterAll(async () => {
  await instance?.close()
  rmSync(tlsDir, { recursive: true, force: true })
})

describe('three machines join', () => {
  test('each with a token of its own; the first two are told for whom they wait', async () => {
    expect(new Set(tokens).size).toBe(3)
    expect(await node()).toMatchObject({
      state: 'expected',
      machines: [1, 2, 3].map(machine => ({ machine, state: 'expected' })),
    })
    const first = await ask(2)
    expect([first.status, first.body]).toEqual([202, { name: NAME, machine: 2, joined: 1, of: 3 }])
    expect([(await ask(2)).body.joined, (await ask(1)).body.joined]).toEqual([1, 2])
    expect(await node()).toMatchObject({ state: 'expected', bootstrap: null })
    const admin = openAdmin(kafka.hub)
    expect(await admin.listUsers()).not.toContain(`skysieve-worker-${NAME}`)
    await admin.close()
  })
  test('with new tokens for those that have not, where they are asked for', async () => {
    const { body } = await call('POST', '/nodes', { name: NAME, machines: 3 })
    expect(body.tokens).toMatchObject([{ machine: 3 }])
    expect((await ask(3)).body).toMatchObject({ status: 403, code: 'API_JOIN_TOKEN_UNKNOWN' })
    tokens = [...tokens.slice(0, 2), body.tokens[0].token]
    expect((await call('POST', '/nodes', { name: NAME })).body).toMatchObject({ status: 409, code: 'API_NAME_TAKEN' })
  })
  test.each([
    ['with the token and the key of nobody', () => ask(4, { token: tokens[0] ?? '' }), 'API_JOIN_TOKEN_USED'],
    ['at the address of another', () => ask(3, { host: HOSTS[0] }), 'API_JOIN_ADDRESS'],
    ['at another port', () => ask(3, { port: 22_100 }), 'API_JOIN_ADDRESS'],
    ['at its own loopback', () => ask(3, { host: '127.0.0.1' }), 'API_JOIN_ADDRESS'],
    [
      'with a clock that is off',
      async () => {
        const one = await request(3)
        return joinWith({ ...one, facts: { ...one.facts, clockMs: Date.now() - 4000 } })
      },
      'API_JOIN_CLOCK',
    ],
  ])('not %s', async (_, asking, code) => {
    expect((await asking()).body).toMatchObject({ code })
    expect((await node()).state).toBe('expected')
  })
  test('and are one node then: each knows all three, has a certificate as itself, and is told the same again', async () => {
    const third = await ask(3)
    expect([third.status, third.body]).toMatchObject([200, { name: NAME, shards: 3, cell: { machine: 3 } }])
    const answers = [(await ask(1)).body, (await ask(2)).body, third.body]
    const [{ cell }] = answers
    for (const [at, { cell: own, certificate, hubUsers, apiUser }] of answers.entries()) {
      expect(own).toEqual({ ...cell, machine: at + 1 })
      const { subject, subjectAltName, keyUsage } = new X509Certificate(certificate)
      expect([subject, subjectAltName]).toEqual([
        `CN=${NAME}-${at + 1}`,
        `IP Address:${HOSTS[at]}, IP Address:127.0.0.1`,
      ])
      expect(keyUsage).toHaveLength(2)
      expect([hubUsers, apiUser]).toEqual([answers[0].hubUsers, answers[0].apiUser])
    }
    expect(cell.machines).toEqual([1, 2, 3].map(machine => ({ machine, host: HOSTS[machine - 1] })))
    expect(cell.clusterId).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/)
    expect(new Set(Object.values(cell.passwords)).size).toBe(3)
    const { certificate: _, ...again } = (await ask(3)).body
    expect(third.body).toMatchObject(again)
    const view = await node()
    expect(view).toMatchObject({
      state: 'active',
      shards: 3,
      bootstrap: HOSTS.slice(0, 3)
        .map(host => `${host}:21100`)
        .join(','),
    })
    expect(view.machines).toMatchObject(
      [1, 2, 3].map(machine => ({ machine, state: 'silent', host: HOSTS[machine - 1] })),
    )
    for (const secret of [...Object.values(cell.passwords), ...tokens])
      expect(JSON.stringify(view)).not.toContain(secret)
  })
  test('after a restart of the API too', async () => {
    await api.close()
    api = await instance.open()
    await expect.poll(async () => (await ask(2)).status, { timeout: 30_000 }).toBe(200)
    expect((await node()).state).toBe('active')
  })
})

describe('the place of a machine', () => {
  const replace = (machine: number, body: object = {}, name = NAME): Promise<Answer> =>
    call('POST', `/nodes/${name}/machines/${machine}/replace`, body)

  test('is not given away while another is away too, unless that is forced; the key before is let in no more', async () => {
    const refused = await replace(2)
    expect(refused.body).toMatchObject({ status: 409, code: 'API_NODE_STATE' })
    expect(refused.body.detail).toMatch(/does not answer either.*--force/)
    expect((await ask(2)).status).toBe(200)
    const { status, body } = await replace(2, { force: true })
    expect([status, body]).toMatchObject([201, { mirror: NAME, token: expect.stringMatching(/^skyjoin_/) }])
    expect((await ask(2)).body).toMatchObject({ status: 403, code: 'API_JOIN_TOKEN_UNKNOWN' })
    expect((await node()).machines[1]).toMatchObject({
      state: 'expected',
      host: HOSTS[1],
      tokenExpiresAt: expect.any(String),
    })
    const taken = await ask(4, { token: body.token })
    expect([taken.status, taken.body.cell]).toMatchObject([200, { machine: 2, machines: [{}, { host: HOSTS[3] }, {}] }])
    expect((await ask(1)).body.cell.machines[1]).toEqual({ machine: 2, host: HOSTS[3] })
  }, 120_000)
  test('is that of a cell which has joined', async () => {
    expect((await call('POST', '/nodes', { name: 'lone' })).status).toBe(201)
    expect((await replace(1, { force: true }, 'lone')).body).toMatchObject({ status: 409, code: 'API_NODE_STATE' })
    await add('early')
    expect((await replace(1, { force: true }, 'early')).body.detail).toMatch(/node add early --cell/)
    expect((await replace(1, {}, 'nowhere')).body.code).toBe('API_NODE_UNKNOWN')
    expect((await replace(4)).status).toBe(400)
    for (const name of ['lone', 'early']) expect((await call('DELETE', `/nodes/${name}`)).status).toBe(204)
  })
})

test('on the command line three tokens are shown, or written to three files that only their owner reads', async () => {
  const cli = (...argv: string[]) => instance.cli(['node', ...argv, '--url', api.url], { token: instance.adminToken })
  const shown = await cli('add', 'edge', '--cell')
  expect([shown.stderr, shown.stdout.match(/skyjoin_/g)?.length]).toEqual(['', 3])
  const written = await cli('add', 'edge', '--cell', '--token-file', 'edge.token')
  expect(written).toMatchObject({ exitCode: 0, stderr: '' })
  expect(written.stdout).not.toContain('skyjoin_')
  for (const machine of [1, 2, 3]) {
    const file = join(instance.dir, `edge.token.${machine}`)
    expect(readFileSync(file, 'utf8')).toMatch(/^skyjoin_.*\n$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  }
  const refused = await cli('replace-machine', 'edge', '2', '--token-file', 'again.token')
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/API_NODE_STATE/) })
  expect(() => statSync(join(instance.dir, 'again.token'))).toThrow(/ENOENT/)
  expect((await cli('replace-machine', 'edge', '4')).stderr).toMatch(/from 1 to 3/)
  expect((await cli('show', NAME)).stdout).toContain(HOSTS[3])
})
