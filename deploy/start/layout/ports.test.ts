import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { allPorts, checkLonePorts, checkPorts, MAX_SHARDS } from './ports.ts'

test('no two parts of a system share a port, with as many nodes and shards as there may be', () => {
  const ports = allPorts(21_000, 9, MAX_SHARDS, '0.0.0.0').map(([, port]) => port)
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

test('an address that is not this machine’s is named before anything starts', async () => {
  // Kept for documentation: nobody has it.
  await expect(checkPorts(21_000, 1, 1, '192.0.2.1')).rejects.toThrow(/--listen 192\.0\.2\.1: this machine has no such/)
})

test('a node alone has ports of its own, and what others reach of it is checked too', async () => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const taken = checkLonePorts(port - 100, 2, '127.0.0.1')
  await expect(taken).rejects.toThrow(new RegExp(`${port} \\(broker for other machines\\)`))
  await new Promise(resolve => server.close(resolve))
})
