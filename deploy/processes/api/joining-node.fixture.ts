// A node as the API sees it: its key, what it says when it joins, and the API's user on its broker. No process of a node runs.
// oxlint-disable-next-line import/no-unassigned-import -- a polyfill, which the library needs to be there first
import 'reflect-metadata'
import { isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509'
import { apiAcls, type JoinAnswer, type JoinRequest } from '#api'
import { type BrokerAccess, openAdmin, openLogReader } from '#hub'
import { KAFKA_VERSION } from '../../setup/kafka-jars.ts'
import { softwareVersion } from '../../version.ts'
import { type Answer, ask } from './ask.fixture.ts'

const KEYS = { name: 'ECDSA', namedCurve: 'P-256' } as const

/** Signs a certificate request for these hosts, PEM. */
export type NodeKey = (...hosts: readonly string[]) => Promise<string>

export const newNodeKey = async (): Promise<NodeKey> => {
  const keys = await crypto.subtle.generateKey(KEYS, true, ['sign', 'verify'])
  return async (...hosts) => {
    const names = hosts.map(host => ({ type: isIP(host) ? ('ip' as const) : ('dns' as const), value: host }))
    const request = await Pkcs10CertificateRequestGenerator.create({
      name: 'CN=node',
      keys,
      signingAlgorithm: { ...KEYS, hash: 'SHA-256' },
      extensions: [new SubjectAlternativeNameExtension(names)],
    })
    return request.toString('pem')
  }
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

/** Resolves when the API has reached the node `name`, which is added and joined first where the system does not know it. */
export async function joinedNode(url: string, adminToken: string, name: string, node: BrokerAccess): Promise<void> {
  const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
    ask(method, `${url}/v1/nodes${path}`, { token: adminToken, body })
  if ((await call('GET', `/${name}`)).status === 404) {
    const added = await until(
      () => call('POST', '', { name }),
      ({ status }) => status !== 503,
    )
    const request = await joinRequest(added.body.token, await newNodeKey(), node)
    const joined = await ask('POST', `${url}/v1/nodes/join`, { body: request })
    if (joined.status !== 200) throw new Error(`the node does not join: ${JSON.stringify(joined.body)}`)
    await letApiIn(node, joined.body.apiUser)
  }
  await until(
    () => call('GET', `/${name}`),
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
