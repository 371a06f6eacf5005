import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import getPort from 'get-port'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Tls } from '../broker/settings.ts'
import { serverTls } from './certificates.ts'
import { openTlsListener } from './tls-listener.ts'

let dir: string
let tls: Tls
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'skysieve-door-'))
  tls = await serverTls(dir, 'hub', ['127.0.0.1'])
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const ask = (port: number, ca: string): Promise<string> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, ca, agent: false }, answer => void text(answer).then(resolve, reject))
      .once('error', reject)
      .end()
  })

test('who trusts the authority gets the application’s answers, and plain text gets none', async () => {
  const port = await getPort()
  const door = await openTlsListener((_, answer) => void answer.end('hello'), { host: '127.0.0.1', port, ...tls })
  expect(await ask(port, tls.ca)).toBe('hello')
  const other = await serverTls(join(dir, 'other'), 'hub', ['127.0.0.1'])
  await expect(ask(port, other.ca)).rejects.toThrow(/certificate|signature/)
  await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow('fetch failed')
  await door.close()
  await expect(ask(port, tls.ca)).rejects.toThrow(/ECONNREFUSED/)
})

test('a certificate that is made anew is served to the next connection, without a restart', async () => {
  const port = await getPort()
  const door = await openTlsListener((_, answer) => void answer.end('hello'), {
    host: '127.0.0.1',
    port,
    lookMs: 5,
    ...tls,
  })
  const serial = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ca: tls.ca }, () => {
        resolve(socket.getPeerCertificate().serialNumber)
        socket.destroy()
      }).once('error', reject)
    })
  const before = await serial()
  writeFileSync(tls.keystore, 'not yet whole')
  expect(await serial()).toBe(before)
  rmSync(tls.keystore)
  await serverTls(dir, 'hub', ['127.0.0.1'])
  while ((await serial()) === before);
  expect(await ask(port, tls.ca)).toBe('hello')
  await door.close()
})

test('an address that cannot be listened at is named', async () => {
  const port = await getPort()
  const listening = openTlsListener(() => undefined, { host: '192.0.2.1', port, ...tls })
  await expect(listening).rejects.toMatchObject({
    code: 'HUB_TLS_LISTENER',
    message: expect.stringContaining(`192.0.2.1:${port}`),
  })
})
