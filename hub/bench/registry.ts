// npm run bench -- registry [--seconds 5] [--clients 20]: requests a second that the schema registry answers by id, beside a bare HTTP
// server of the same framework that sends a text of the same length, both asked by the same client in a process of its own.
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import fastify from 'fastify'
import { startBroker } from '../broker/start-broker.ts'
import { openAdmin } from '../kafka/admin/open-admin.ts'
import { openRegistry } from '../registry/registry.ts'
import { openRegistryClient } from '../registry/client/registry-client.ts'
import { SYNTHETIC_SCHEMA, SYNTHETIC_SCHEMA_ID } from '../synthetic/schemas/rubin-schema.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    clients: { type: 'string', default: '20' },
    'port-base': { type: 'string', default: '36000' },
  },
})
const base = Number(values['port-base'])
const secret = (): string => randomBytes(12).toString('hex')
const dir = await mkdtemp(join(tmpdir(), 'skysieve-registry-bench-'))
const broker = await startBroker({
  name: 'hub',
  dir: join(dir, 'hub'),
  libs: join(import.meta.dirname, '../../.cache/kafka-4.3.1'),
  ports: { client: base, controller: base + 1 },
  secrets: { admin: secret(), broker: secret() },
  heapMb: 256,
})

/** Answers a second and milliseconds of an answer, as the asking process counts them. */
const measure = (url: string): Promise<{ readonly perSecond: number; readonly p99Ms: number }> =>
  new Promise((resolve, reject) => {
    const asker = fork(join(import.meta.dirname, 'registry-asker.ts'), [url, values.seconds, values.clients])
    asker.once('message', message => resolve(message as { perSecond: number; p99Ms: number }))
    asker.once('exit', code => reject(new Error(`the asker ended with ${code}`)))
  })

try {
  const admin = openAdmin(broker.access)
  await admin.createTopics([{ name: '_schemas', configs: { 'cleanup.policy': 'compact' } }])
  await admin.close()
  const registry = await openRegistry({ access: broker.access, port: 0 })
  await registry.ready
  await openRegistryClient(registry.url).importSchema({ id: SYNTHETIC_SCHEMA_ID, schemaJson: SYNTHETIC_SCHEMA })
  const path = `schemas/ids/${SYNTHETIC_SCHEMA_ID}`
  const answer = await (await fetch(new URL(path, registry.url))).text()
  const bare = fastify()
  bare.get('/*', (_request, reply) => reply.send(answer))
  const floor = await measure(new URL(path, await bare.listen({ port: 0, host: '127.0.0.1' })).href)
  const own = await measure(new URL(path, registry.url).href)
  await bare.close()
  await registry.close()
  const result = {
    registryPerSecond: own.perSecond,
    p99Ms: own.p99Ms,
    barePerSecond: floor.perSecond,
    ratio: Number((own.perSecond / floor.perSecond).toFixed(2)),
    schemaBytes: answer.length,
    clients: Number(values.clients),
    cores: cpus().length,
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
} finally {
  await broker.stop()
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
}
