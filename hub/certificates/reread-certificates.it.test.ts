// A broker that runs while its certificate is made anew: the next connection sees the new one, and open ones go on.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import getPort from 'get-port'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serverTls } from './certificates.ts'
import { type ClusterAdmin, openAdmin } from '../kafka/admin/open-admin.ts'
import { rereadCertificates } from './reread-certificates.ts'
import { type BrokerSettings, type Tls } from '../broker/settings.ts'
import { type Broker, startBroker } from '../broker/start-broker.ts'

const LIBS = process.env['SKYSIEVE_KAFKA_LIBS'] ?? join(import.meta.dirname, '../../.cache/kafka-4.3.1')
const HOSTS = ['127.0.0.1', 'localhost']
const DAY_MS = 86_400_000
const secret = (): string => randomBytes(12).toString('hex')

let dir: string
let tls: Tls
let settings: BrokerSettings
let broker: Broker
let admin: ClusterAdmin

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skysieve-reread-'))
  tls = await serverTls(join(dir, 'tls'), 'hub', HOSTS)
  const outside = await getPort()
  settings = {
    name: 'hub',
    dir: join(dir, 'hub'),
    libs: LIBS,
    ports: { client: await getPort(), controller: await getPort() },
    secrets: { admin: secret(), broker: secret() },
    heapMb: 256,
    scramIterations: 4096,
    outside: [{ port: outside, advertised: `127.0.0.1:${outside}` }],
    tls,
  }
  broker = await startBroker(settings)
  admin = openAdmin(broker.access)
})
afterAll(async () => {
  await admin?.close()
  await broker?.kill()
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
})

/** The number of the certificate that a listener shows to who trusts the authority. */
const serialAt = async (port: number): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect({ host: '127.0.0.1', port, ca: tls.ca, servername: 'localhost' }, () => {
    resolve(socket.getPeerCertificate().serialNumber)
    socket.destroy()
  })
  socket.once('error', reject)
  return promise
}

const ports = (): readonly number[] => [settings.ports.client, settings.outside?.[0]?.port ?? 0]

test('every listener serves the new certificate without a restart, and a session that is open goes on', async () => {
  const before = await Promise.all(ports().map(serialAt))
  await admin.createTopics([{ name: 'before' }])
  await serverTls(join(dir, 'tls'), 'hub', HOSTS, 'server', Date.now() + 300 * DAY_MS)
  expect(await Promise.all(ports().map(serialAt))).toEqual(before)
  await rereadCertificates(settings)
  const after = await Promise.all(ports().map(serialAt))
  for (const [at, serial] of after.entries()) expect(serial).not.toBe(before[at])
  expect(await admin.listTopics()).toContain('before')
})

test('one for other names is refused while it runs, and the old one is served on', async () => {
  const before = await Promise.all(ports().map(serialAt))
  await serverTls(join(dir, 'tls'), 'hub', ['127.0.0.2', 'localhost'])
  await expect(rereadCertificates(settings, 2000)).rejects.toMatchObject({ code: 'HUB_CERTIFICATE_NOT_SERVED' })
  expect(await Promise.all(ports().map(serialAt))).toEqual(before)
})
