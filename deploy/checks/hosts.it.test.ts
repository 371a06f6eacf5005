import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { type Host, type Hosts, openHosts } from './hosts.ts'

const LIMIT_MS = 1500
const SERVER = `
require('node:http').createServer((_, response) => response.end('hello')).listen(8000, () => console.log('listening'))`
const CLIENT = `
fetch('http://' + process.argv[1] + ':8000', { signal: AbortSignal.timeout(${LIMIT_MS}) })
  .then(answer => answer.text()).then(console.log, error => console.log(error.name))`

let hosts: Hosts | undefined
const servers: ReturnType<typeof spawn>[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.kill('SIGKILL')
    await once(server, 'exit')
  }
  hosts?.close()
  hosts = undefined
})

const serve = async (host: Host): Promise<void> => {
  const { command, args } = host.on(process.execPath, ['-e', SERVER])
  const server = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  servers.push(server)
  await once(server.stdout, 'data')
}

const ask = async (from: Pick<Host, 'on'>, address: string): Promise<string> => {
  const { command, args } = from.on(process.execPath, ['-e', CLIENT, address])
  return (await promisify(execFile)(command, [...args])).stdout.trim()
}

test('machines reach one another and have a loopback each; a pulled cable hangs until it is in again', async () => {
  hosts = openHosts()
  const [here, there] = [hosts.add('here'), hosts.add('there')]
  await serve(there)
  expect(await ask(here, there.address)).toBe('hello')
  expect(await ask(hosts.outside, there.address)).toBe('hello')
  expect(await ask(there, '127.0.0.1')).toBe('hello')
  expect(await ask(here, '127.0.0.1')).toMatch(/Error/)
  there.cut()
  expect(await ask(here, there.address)).toBe('TimeoutError')
  there.mend()
  await expect.poll(() => ask(here, there.address), { timeout: 20_000 }).toBe('hello')
})

test('nothing of it is left when it is closed, and two networks do not meet', () => {
  const spaces = (): string => execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  const [one, other] = [openHosts(), openHosts()]
  const [a, b] = [one.add('same'), other.add('same')]
  expect(a.address).toBe(b.address)
  expect(spaces()).toContain(`skyhost-${process.pid}`)
  one.close()
  other.close()
  expect(spaces()).not.toContain(`skyhost-${process.pid}`)
})
