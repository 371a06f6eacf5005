import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { reportWaiting } from './report-waiting.ts'

test('what a process waits for is told once, and that it goes on; one that is not ready is told elsewhere', async () => {
  const reason = 'the registry has no schema 704'
  let checks: object[] = [{ name: 'schemas', ok: true, reason }]
  const asked = { times: 0 }
  const server = createServer((_, response) => {
    asked.times += 1
    response.end(JSON.stringify({ ready: true, checks }))
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const stop = new AbortController()
  const notes: string[] = []
  const note = (text: string): void => void notes.push(text)
  const watching = reportWaiting({ name: 'simulator', opsPort: port, note, signal: stop.signal }, 5)
  const looks = async (more: number): Promise<void> => {
    const wanted = asked.times + more
    while (asked.times < wanted) await sleep(5)
  }
  await looks(3)
  checks = [{ name: 'hub', ok: false, reason: 'no answer' }]
  await looks(3)
  checks = [{ name: 'schemas', ok: true }]
  await looks(3)
  stop.abort()
  await watching
  server.close().closeAllConnections()
  expect(notes).toEqual([`  simulator waits: ${reason}`, '  simulator goes on.'])
})
