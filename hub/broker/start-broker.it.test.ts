import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openControlLog } from '../control-topics/control-log.ts'
import { openControlWriter } from '../control-topics/control-writer.ts'
import { openAdmin } from '../kafka/admin/open-admin.ts'
import { type Broker, startBroker } from './start-broker.ts'
import { prepareBroker } from './prepare-broker.ts'
import { type BrokerSettings } from './settings.ts'

const LIBS = process.env['SKYSIEVE_KAFKA_LIBS'] ?? join(import.meta.dirname, '../../.cache/kafka-4.3.1')

let dir: string
const running: Broker[] = []
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skysieve-broker-test-'))
})
afterEach(async () => {
  await Promise.all(running.splice(0).map(broker => broker.kill()))
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
})

/** A port that is free now, or a server on it. */
const listen = async () => {
  const server = createServer()
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, close: () => new Promise(resolve => server.close(resolve)) }
}
const newSettings = async (): Promise<BrokerSettings> => ({
  name: 'test',
  dir: join(dir, 'broker'),
  libs: LIBS,
  ports: { client: await getPort(), controller: await getPort() },
  secrets: { admin: randomBytes(12).toString('hex'), broker: randomBytes(12).toString('hex') },
  heapMb: 256,
  scramIterations: 4096,
})
const start = async (settings: BrokerSettings): Promise<Broker> => {
  const broker = await startBroker(settings)
  running.push(broker)
  return broker
}

describe('a broker', () => {
  test('keeps what it has through a crash and through other ports, and clients find it again', async () => {
    const settings = await newSettings()
    const first = await start(settings)
    const admin = openAdmin(first.access)
    await admin.createTopics([{ name: 'control', configs: { 'cleanup.policy': 'compact' } }])
    await admin.upsertUser('alice', 'password')
    await admin.close()
    const options = { access: first.access, topic: 'control', clientId: 'test', parse: String }
    const log = await openControlLog(options)
    const writer = await openControlWriter({ access: first.access, transactionalId: 'test', clientId: 'test' })
    await writer.write([{ topic: 'control', key: 'a', value: 'before' }])
    await first.kill()
    await expect.poll(() => log.problem(), { timeout: 20_000 }).toContain('ECONNREFUSED')
    // One that is opened while the broker is away waits for it.
    const patient = openControlLog(options)

    const second = await start(settings)
    await (await patient).close()
    await writer.write([{ topic: 'control', key: 'b', value: 'after' }])
    await log.catchUp()
    expect([...log.entries()]).toEqual([
      ['a', '"before"'],
      ['b', '"after"'],
    ])
    expect(log.problem()).toBeUndefined()
    await log.close()
    await writer.close()
    await second.stop()

    const third = await start({ ...settings, ports: { client: await getPort(), controller: await getPort() } })
    const again = openAdmin(third.access)
    expect(await again.listUsers()).toContain('alice')
    expect(await again.listTopics()).toContain('control')
    await again.close()
  }, 180_000)

  test('is prepared once: its folder is its owner’s alone, and no password is in clear in it', async () => {
    const settings = await newSettings()
    await prepareBroker(settings)
    await prepareBroker(settings)
    const names = await readdir(settings.dir, { recursive: true, withFileTypes: true })
    const files = names.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
    expect(files.map(file => file.split('/').at(-1))).not.toContain('format.args')
    for (const file of files) expect(await readFile(file, 'latin1')).not.toContain(settings.secrets.admin)
  })

  test('is formatted anew where a format was cut off', async () => {
    const settings = await newSettings()
    await mkdir(join(settings.dir, 'formatting'), { recursive: true })
    await writeFile(join(settings.dir, 'formatting', 'bootstrap.checkpoint'), 'half')
    await prepareBroker(settings)
    expect(await readdir(settings.dir)).not.toContain('formatting')
    expect(await readdir(join(settings.dir, 'data'))).toContain('meta.properties')
  })

  test('says that its port is in use', async () => {
    const settings = await newSettings()
    const other = await listen()
    const taken = { ...settings, ports: { ...settings.ports, client: other.port } }
    await expect(startBroker(taken)).rejects.toMatchObject({ code: 'HUB_BROKER_PORT' })
    await other.close()
  })

  test('says that its secrets are not those it was made with', async () => {
    const settings = await newSettings()
    await prepareBroker(settings)
    const others = { ...settings, secrets: { ...settings.secrets, admin: 'another-secret' } }
    await expect(startBroker(others)).rejects.toMatchObject({ code: 'HUB_BROKER_SECRETS' })
  })

  test('says what is missing: Java, or the jars', async () => {
    const settings = await newSettings()
    await expect(prepareBroker({ ...settings, java: '/no/java' })).rejects.toMatchObject({
      code: 'HUB_BROKER_PREREQUISITE',
    })
    await expect(prepareBroker({ ...settings, libs: dir })).rejects.toMatchObject({
      code: 'HUB_BROKER_PREREQUISITE',
      message: expect.stringContaining('mvn'),
    })
  })

  test('says why it ended before it was ready', async () => {
    const settings = await newSettings()
    await prepareBroker(settings)
    // A folder of another cluster, as a restored backup would be.
    const file = join(settings.dir, 'data', 'meta.properties')
    await writeFile(file, (await readFile(file, 'utf8')).replace(/node\.id=\d+/, 'node.id=7'))
    await expect(startBroker(settings)).rejects.toMatchObject({
      code: 'HUB_BROKER_EXITED',
      message: expect.stringMatching(/node\.?.?id/i),
    })
  })
})
