import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { allPorts, checkPorts, MAX_SHARDS } from './ports.ts'

test('no two parts of a system share a port, with as many nodes and shards as there may be', () => {
  const ports = allPorts(21_000, 9, MAX_SHARDS).map(([, port]) => port)
  expect(new Set(ports).size).toBe(ports.length)
})

test('a port in use is named with its part and with the option that changes it', async () => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await expect(checkPorts(port - 5, 1, 1)).rejects.toThrow(new RegExp(`${port} \\(api\\).*--port-base \\d+`))
  await new Promise(resolve => server.close(resolve))
})
