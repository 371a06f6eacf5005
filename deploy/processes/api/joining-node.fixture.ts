// A node as the API sees it: its key, what it says when it joins, and the API's user on its broker. No process of a node runs.
import { setTimeout as sleep } from 'node:timers/promises'
import { apiAcls, type JoinAnswer, type JoinRequest } from '#api'
import { type BrokerAccess, newServerKey, openAdmin, openLogReader, requestCertificate } from '#hub'
import { expect } from 'vitest'
import { KAFKA_VERSION } from '../../setup/kafka-jars.ts'
import { softwareVersion } from '../../version.ts'
import { type Answer, ask } from './ask.fixture.ts'

/** Signs a certificate request for these hosts, PEM. */
export type NodeKey = (...hosts: readonly string[]) => Promise<string>

export const newNodeKey = async (): Promise<NodeKey> => {
  const key = await newServerKey()
  return (...hosts) => requestCertificate(key, 'node', hosts)
}

/** What a node with this key says, whose broker is at `bootstrap`. */
export const joinRequest = async (
  token: string,
  key: NodeKey,
  { bootstrap }: Pick<BrokerAccess, 'bootstrap'>,
): Promise<JoinRequest> => {
  const [host = '', port] = bootstrap.split(':')
  return {
    token,
    csr: await key(host, 'localhost'),
    address: { host, port: Number(port) },
    shards: 1,
    facts: {
      hostname: 'test',
      version: softwareVersion(),
      kafkaVersion: KAFKA_VERSION,
      cores: 2,
      memoryBytes: 8e9,
      diskBytes: 100e9,
      diskFreeBytes: 50e9,
      clockMs: Date.now(),
      languages: ['javascript', 'typescript'],
    },
  }
}

/** Makes the API's user on the node's broker, as its launcher does. */
export const letApiIn = async (node: BrokerAccess, { user, password }: JoinAnswer['apiUser']): Promise<void> => {
  const admin = openAdmin(node)
  try {
    await admin.upsertUser(user, password)
    await admin.grant(apiAcls(user).node)
  } finally {
    await admin.close()
  }
}

/** Asks until it is answered so; while nobody leads, or a node was not reached yet, it is not. */
export const until = async (question: () => Promise<Answer>, holds: (answer: Answer) => boolean): Promise<Answer> => {
  for (;;) {
    const answer = await question()
    if (holds(answer)) return answer
    await sleep(50)
  }
}

/** What an administrator and a node ask of the instance that there is at the time. */
export const nodeCalls = (instance: () => { readonly url: string; readonly adminToken: string }) => {
  const call = (method: string, path: string, body?: unknown): Promise<Answer> => {
    const { url, adminToken } = instance()
    return ask(method, `${url}/v1${path}`, { token: adminToken, body })
  }
  return {
    call,
    /** The token of a node that is added. */
    add: async (node: object): Promise<string> => {
      const { status, body } = await until(
        () => call('POST', '/nodes', node),
        answer => answer.status !== 503,
      )
      expect([status, body]).toMatchObject([201, { token: expect.any(String) }])
      return body.token
    },
    /** Nobody's bearer token is sent. */
    joinWith: (request: unknown): Promise<Answer> => ask('POST', `${instance().url}/v1/nodes/join`, { body: request }),
  }
}

/** Resolves when the API has reached the node `name`, which is added and joined first where the system does not know it. */
export async function joinedNode(url: string, adminToken: string, name: string, node: BrokerAccess): Promise<void> {
  const { call, add, joinWith } = nodeCalls(() => ({ url, adminToken }))
  if ((await call('GET', `/nodes/${name}`)).status === 404) {
    const joined = await joinWith(await joinRequest(await add({ name }), await newNodeKey(), node))
    if (joined.status !== 200) throw new Error(`the node does not join: ${JSON.stringify(joined.body)}`)
    await letApiIn(node, joined.body.apiUser)
  }
  await until(
    () => call('GET', `/nodes/${name}`),
    ({ body }) => body.reached === true,
  )
}

interface Audited {
  readonly phase: string
  readonly outcome?: string
  readonly code?: string
  readonly account: string | null
  readonly target: Readonly<Record<string, string>>
}

/** What the audit has of joins. */
export const auditedJoins = async (url: string, adminToken: string): Promise<readonly Audited[]> =>
  (await ask('GET', `${url}/v1/audit?action=join&limit=1000`, { token: adminToken })).body.items

/** The newest value of a key of a topic of the hub; null where it was taken away. */
export async function newestOf(
  hub: BrokerAccess,
  wanted: string,
  topic = 'skysieve.nodes',
): Promise<string | null | undefined> {
  const reader = openLogReader(hub, { clientId: 'nodes-test', topic })
  let found: string | null | undefined
  for (let from: bigint | 'earliest' = 'earliest'; ;) {
    const page = await reader.read(from, 0)
    for (const { key, value } of page.records) if (String(key) === wanted) found = value === null ? null : String(value)
    if (page.next >= page.end) break
    from = page.next
  }
  await reader.close()
  return found
}
