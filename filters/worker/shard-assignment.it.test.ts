// The group's coordinator dies with its machine, and another broker takes its place at another address: whoever is left goes on there.
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import getPort from 'get-port'
import { afterEach, expect, test } from 'vitest'
import { type Broker, openAdmin, startBroker } from '#hub'
import { SHARDS_TOPIC } from '../publish/topics.ts'
import { openRelay } from './relay.fixture.ts'
import { joinWorkers } from './shard-assignment.ts'
import { until } from './worker.fixture.ts'

const SHARDS = 2
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** A broker that tells its clients one address; a second one on the same storage, with another, is the same cluster whose coordinator has moved. */
async function openCluster() {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-assignment-'))
  closers.push(() => rm(dir, { recursive: true, force: true }))
  const secrets = { admin: randomBytes(9).toString('hex'), broker: randomBytes(9).toString('hex') }
  return async (port: number, advertised: number): Promise<Broker> => {
    const broker = await startBroker({
      name: 'moving',
      dir,
      libs: process.env['SKYSIEVE_KAFKA_LIBS'] ?? resolve(import.meta.dirname, '../../.cache/kafka-4.3.1'),
      ports: { client: await getPort(), controller: await getPort() },
      outside: [{ port, advertised: `127.0.0.1:${advertised}` }],
      secrets,
      scramIterations: 4096,
      heapMb: 300,
    })
    closers.push(() => broker.kill())
    return broker
  }
}

test.each(['is killed', 'falls silent'])(
  'a worker whose coordinator’s machine %s is a member at the next one',
  { timeout: 150_000 },
  async how => {
    const [behind, before, after] = [await getPort(), await getPort(), await getPort()]
    const start = await openCluster()
    const relay = await openRelay(before, behind)
    closers.push(() => relay.close())
    const broker = await start(behind, before)
    const admin = openAdmin(broker.access)
    await admin.createTopics([{ name: SHARDS_TOPIC, partitions: SHARDS }])
    await admin.close()
    const access = {
      ...broker.access,
      bootstrap: `127.0.0.1:${before},127.0.0.1:${after}`,
      timeouts: { connectMs: 1000, requestMs: 2000 },
    }
    const joinAs = async (bootstrap: string): Promise<{ shards: readonly number[] }> => {
      const member: { shards: readonly number[] } = { shards: [] }
      const at = { ...access, bootstrap }
      const asked = openAdmin(at)
      closers.push(() => asked.close())
      const assignment = await joinWorkers({
        access: at,
        admin: asked,
        memberFile: undefined,
        onAssigned: shards => (member.shards = shards),
        onFailure: error => expect.unreachable(error.message),
      })
      closers.push(() => assignment.close())
      return member
    }
    const left = await joinAs(access.bootstrap)
    await until(() => left.shards.length === SHARDS)
    if (how === 'is killed') await relay.close()
    else relay.silence('all')
    await broker.kill()
    await start(after, after)
    const other = await joinAs(`127.0.0.1:${after}`)
    await until(() => left.shards.length === 1 && other.shards.length === 1)
    expect(new Set([...left.shards, ...other.shards])).toEqual(new Set([0, 1]))
  },
)
