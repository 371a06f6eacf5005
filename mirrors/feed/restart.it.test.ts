// A broker of its own, which is killed and started again under the feed.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { afterAll, expect, test } from 'vitest'
import { type Broker, startBroker } from '#hub'
import { openAlertTopic, textsOf } from './alert-topic.fixture.ts'
import { openFeed } from './open-feed.ts'

let broker: Broker | undefined
let dir: string | undefined
afterAll(async () => {
  await broker?.kill()
  if (dir !== undefined) await rm(dir, { recursive: true, force: true })
})

test('a broker that is killed and comes back is read on where the feed stood', async () => {
  dir = await mkdtemp(join(tmpdir(), 'skysieve-feed-'))
  const settings = {
    name: 'node',
    dir,
    libs: process.env['SKYSIEVE_KAFKA_LIBS'] ?? join(import.meta.dirname, '../../.cache/kafka-4.3.1'),
    ports: { client: await getPort(), controller: await getPort() },
    secrets: { admin: randomBytes(9).toString('hex'), broker: randomBytes(9).toString('hex') },
    heapMb: 300,
    scramIterations: 4096,
  }
  broker = await startBroker(settings)
  const before = await openAlertTopic(broker.access, 2)
  await before.send(0, ['a', 'b'])
  await before.send(1, ['c'])
  const stop = new AbortController()
  const { topic } = before
  const feed = await openFeed({ access: broker.access, topic, clientId: 'test', from: 'earliest', signal: stop.signal })
  const seen: string[] = []
  for await (const item of feed) {
    seen.push(...textsOf([item]))
    if (item.kind === 'batch') item.release()
    if (seen.length === 3) {
      await before.close()
      await broker.kill()
      broker = await startBroker(settings)
      const after = await openAlertTopic(broker.access)
      await after.send(0, ['d'], undefined, topic)
      await after.close()
    }
    if (seen.length === 4) break
  }
  expect(seen.toSorted()).toEqual(['a', 'b', 'c', 'd'])
  expect(seen.at(-1)).toBe('d')
})
