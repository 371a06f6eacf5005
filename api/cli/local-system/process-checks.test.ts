import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { failedChecks } from './process-checks.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

/** A process that answers so at its ops port, with its settings in the directory. */
const openProcess = async (directory: string, name: string, answer: string): Promise<void> => {
  const server = createServer((_, response) => void response.end(answer))
  servers.push(server)
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const configs = join(directory, '.skysieve/config')
  mkdirSync(configs, { recursive: true })
  const { port } = server.address() as AddressInfo
  writeFileSync(join(configs, `${name}.json`), JSON.stringify({ opsPort: port }))
}

const folder = (): string => mkdtempSync(join(tmpdir(), 'skysieve-waits-'))

test('what the processes of a system here wait for is told with their names', async () => {
  const directory = folder()
  const reason = 'the registry has no schema 704. Put it in: npx skysieve schema sync DIR'
  const checks = [
    { name: 'hub', ok: true },
    { name: 'schemas', ok: true, reason },
  ]
  await openProcess(directory, 'simulator', JSON.stringify({ ready: true, checks }))
  await openProcess(directory, 'hub', JSON.stringify({ ready: true, checks: [{ name: 'kafka', ok: true }] }))
  expect(await failedChecks(directory)).toEqual([{ process: 'simulator', check: 'schemas', ok: true, reason }])
})

test('processes that answer nonsense or nothing, and directories without a system, wait for nothing', async () => {
  const directory = folder()
  await openProcess(directory, 'api', 'nonsense')
  await openProcess(directory, 'hub', JSON.stringify({ checks: [7, { name: 'x' }] }))
  writeFileSync(join(directory, '.skysieve/config/worker.json'), JSON.stringify({ opsPort: 1 }))
  expect(await failedChecks(directory)).toEqual([])
  expect(await failedChecks(folder())).toEqual([])
})
