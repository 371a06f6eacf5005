// A data directory as it was left by starts that knew no joins: one administrator's password for all brokers, and nodes that nobody had added.
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ADMIN_USER, openAdmin } from '#hub'
import { nodeDir } from '../start/layout/node-layout.ts'
import { type RunningSystem } from './running-system.ts'

const OWN_FILES = ['secrets.json', 'identity.json', 'node-key.pem', 'join-token']

/** Stops a system and makes its directory so. */
export const stopAsBeforeJoins = async (system: RunningSystem, nodes: number): Promise<void> => {
  const { dataDir, hub } = system
  const names = Array.from({ length: nodes }, (_, at) => `node${at + 1}`)
  for (const [at] of names.entries()) {
    const admin = openAdmin(system.node(at + 1))
    await admin.upsertUser(ADMIN_USER, hub.password)
    await admin.close()
  }
  const admin = openAdmin(hub)
  await admin.deleteTopics(['skysieve.nodes'])
  await admin.close()
  await system.stop()
  for (const name of names) for (const file of OWN_FILES) rmSync(join(nodeDir(dataDir, name), file), { force: true })
  const file = join(dataDir, 'secrets.json')
  const secrets: { users: Record<string, string> } = JSON.parse(readFileSync(file, 'utf8'))
  for (const user of names.flatMap(name => [`skysieve-mm2-${name}`, `skysieve-worker-${name}`]))
    secrets.users[user] = randomBytes(24).toString('base64url')
  writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 })
}
