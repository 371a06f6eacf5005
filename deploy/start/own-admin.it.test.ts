// A node's broker that was made when all brokers of a system had one administrator's password.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { afterAll, expect, test } from 'vitest'
import { ADMIN_USER, adminAccess, awaitBroker, type Broker, openAdmin, startBroker } from '#hub'
import { awaitNodeBroker } from './access/own-admin.ts'
import { nodeDir, nodeLayout } from './layout/node-layout.ts'
import { formerAdmin, openNodeSecrets } from './layout/node-secrets.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'skysieve-own-admin-'))
const secret = (): string => randomBytes(12).toString('hex')
let broker: Broker | undefined

afterAll(async () => {
  await broker?.kill()
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 })
})

test('gets a password of the node’s own, keeps its topics, and the password of all is of no use any more', async () => {
  const systemAdmin = secret()
  const ports = { broker: await getPort(), controller: await getPort(), mirrorMaker: 1, workerOps: 1 }
  const layoutWith = (secrets: ReturnType<typeof openNodeSecrets>) =>
    nodeLayout(
      { name: 'node1', dir: nodeDir(dataDir, 'node1'), ports, secrets, shards: 1, lists: [] },
      { tls: undefined, outside: undefined },
    )
  const old = layoutWith({ admin: systemAdmin, broker: secret(), mirrorMaker: secret(), worker: secret() })
  broker = await startBroker({ ...old.broker, heapMb: 256 })
  const before = openAdmin(broker.access)
  await before.createTopics([{ name: 'kept' }])
  await before.close()
  await broker.stop()

  const node = layoutWith(openNodeSecrets(nodeDir(dataDir, 'node1'), systemAdmin))
  const former = { ...node.broker, heapMb: 256, secrets: { ...node.broker.secrets, admin: systemAdmin } }
  // As after a kill right behind the change: the broker has the new password, and the file still the old one.
  broker = await startBroker(former)
  const changing = openAdmin(broker.access)
  await changing.upsertUser(ADMIN_USER, node.broker.secrets.admin)
  await changing.close()
  expect(formerAdmin(node.dir)).toBe(systemAdmin)
  await awaitNodeBroker(node, {})
  expect(formerAdmin(node.dir)).toBeUndefined()

  const admin = openAdmin(adminAccess(node.broker))
  expect(await admin.listTopics()).toContain('kept')
  // And where nothing was changed yet.
  await admin.upsertUser(ADMIN_USER, systemAdmin)
  await admin.close()
  rmSync(join(node.dir, 'secrets.json'))
  const again = layoutWith(openNodeSecrets(node.dir, systemAdmin))
  await awaitNodeBroker(again, {})
  await expect(awaitBroker(former)).rejects.toMatchObject({ code: 'HUB_BROKER_SECRETS' })
  await awaitNodeBroker(again, {})
})
