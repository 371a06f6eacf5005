// The system for who writes clients, with TLS: its user reads the known visit and finds what the answers say.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openKafka } from '#hub'
import { skysieve } from './client.ts'
import { freePortBase, startSystem, type RunningSystem } from './running-system.ts'

const ALERTS = 20
const dataDir = mkdtempSync(join(tmpdir(), 'skysieve-e2e-integration-'))
let system: RunningSystem | undefined
afterAll(async () => {
  await system?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

interface Offer {
  readonly login: { readonly user: string; readonly password: string; readonly bootstrap: string; readonly ca: string }
  readonly token: { readonly token: string }
}
interface Answers {
  readonly topic: string
  readonly visit: string
  readonly alerts: readonly { readonly sha256: string }[]
  readonly filters: Record<string, readonly string[]>
}

test('its account reads the known visit over TLS, again and again, byte for byte as the answers say', async () => {
  const options = ['--profile', 'integration', '--tls', '--nodes', '1', '--alerts', String(ALERTS), '--interval', '2']
  system = await startSystem(dataDir, await freePortBase(1), [...options, '--no-python'])
  const file = join(dataDir, 'integration.json')
  expect(statSync(file).mode & 0o077).toBe(0)
  const { login, token }: Offer = JSON.parse(readFileSync(file, 'utf8'))
  const answers = (await (await fetch(`${system.apiUrl}/v1/integration/answers`)).json()) as Answers
  expect(answers.alerts).toHaveLength(ALERTS)
  expect(Object.keys(answers.filters).length).toBeGreaterThan(0)
  const known = new Set(answers.alerts.map(({ sha256 }) => sha256))
  const consumer = openKafka(login, 'e2e').consumer({ groupId: login.user })
  const hashes: string[] = []
  const enough = Promise.withResolvers<void>()
  await consumer.connect()
  await consumer.subscribe({ topic: answers.topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      hashes.push(
        createHash('sha256')
          .update(message.value ?? '')
          .digest('hex'),
      )
      if (hashes.length >= 2 * ALERTS) enough.resolve()
    },
  })
  await enough.promise
  await consumer.disconnect()
  expect(new Set(hashes)).toEqual(known)
  // The distribution test of the command line, as the same account.
  const asClient = { ...system, secrets: { ...system.secrets, adminToken: token.token } }
  const consume = ['topic', 'consume', 'lsst', '--stats', '--limit', '60']
  const { code, stdout, stderr } = await skysieve(asClient, consume, dataDir)
  expect([code, stderr]).toEqual([0, expect.stringContaining('60 messages read')])
  expect(JSON.parse(stdout)).toMatchObject({ messages: 60, gaps: 0, repeated: 0, duplicates: expect.any(Number) })
  expect(await system.stop()).toBe(0)
  system = undefined
})
