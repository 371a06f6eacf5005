// For tests: a hub and a node of the integration tests with alert topic, users and ACLs of their own, on which a real MirrorMaker can be started.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { type BrokerAccess, CLOCK_TOPIC, openAdmin, openProducer } from '#hub'
import { prepareNode } from '../node/prepare-node.ts'
import { nodeTopics } from '../node/node-topics.ts'
import { mirrorMakerAcls } from './mirror-maker-acls.ts'
import { CONNECT_TOPICS, type MirrorMakerSettings } from './settings.ts'

/** Topics on both sides, a user of MirrorMaker that has its ACLs and no other, and its settings. `stem` is part of every name. */
export const openMirroredNode = async (
  stem: string,
  access: { readonly hub: BrokerAccess; readonly node: BrokerAccess },
) => {
  const name = `${stem}-${randomBytes(4).toString('hex')}`
  const alerts = `test-${name}`
  const topics = [alerts, '_schemas', 'skysieve.filters', CLOCK_TOPIC]
  const acls = mirrorMakerAcls(name, topics)
  const nodeOptions = { shards: 1, alertTopics: [{ name: alerts, partitions: 2 }] }
  const hub = openAdmin(access.hub)
  const node = openAdmin(access.node)
  const passwords = { hub: randomBytes(12).toString('hex'), node: randomBytes(12).toString('hex') }
  const dir = await mkdtemp(join(tmpdir(), `skysieve-${stem}-`))
  await hub.createTopics(nodeTopics(nodeOptions).filter(topic => topics.includes(topic.name)))
  await prepareNode(node, nodeOptions)
  // Another test's MirrorMaker may have kept its connector on this node, which this one would start first and could not.
  await node.deleteTopics(Object.values(CONNECT_TOPICS))
  await Promise.all([hub.upsertUser(acls.user, passwords.hub), node.upsertUser(acls.user, passwords.node)])
  await Promise.all([hub.grant(acls.hub), node.grant(acls.node)])
  const producer = await openProducer(access.hub, { clientId: 'test-hub' })
  const settings: MirrorMakerSettings = {
    name,
    dir,
    libs: process.env['SKYSIEVE_KAFKA_LIBS'] ?? join(import.meta.dirname, '../../.cache/kafka-4.3.1'),
    hub: { ...access.hub, user: acls.user, password: passwords.hub },
    node: { ...access.node, user: acls.user, password: passwords.node },
    restPort: await getPort(),
    topics,
  }
  return {
    /** The alert topic, with two partitions on either side. */
    alerts,
    acls,
    nodeOptions,
    settings,
    hub,
    node,
    /** Writes to the hub. */
    producer,
    /** Call it when MirrorMaker has ended. */
    close: async () => {
      await node.deleteTopics(Object.values(CONNECT_TOPICS))
      await producer.close()
      await Promise.all([hub.close(), node.close()])
      await rm(dir, { recursive: true, force: true })
    },
  }
}

export type MirroredNode = Awaited<ReturnType<typeof openMirroredNode>>
