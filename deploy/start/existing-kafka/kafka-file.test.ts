import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { serverTls } from '#hub'
import { readKafkaFile } from './kafka-file.ts'

let dir: string
let ca: string
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'skysieve-kafka-file-'))
  ca = (await serverTls(dir, 'kafka', ['127.0.0.1'])).ca
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const PASSWORD = 'a-password-of-someone'
const good = { bootstrap: ['b1.example.org:9094', 'b2.example.org:9094'], user: 'admin', password: PASSWORD }
const login = (user: string) => ({ user, password: `password-of-${user}` })

const fileWith = (content: unknown, mode = 0o600): string => {
  const file = join(dir, 'kafka.json')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  chmodSync(file, mode)
  return file
}

test('a file says where a Kafka is and as whom; certificates are in it, or in a file named from there', () => {
  const reached = { bootstrap: 'b1.example.org:9094,b2.example.org:9094', admin: { user: 'admin', password: PASSWORD } }
  expect(readKafkaFile(fileWith({ ...good, ca }))).toEqual({ ...reached, ca })
  expect(readKafkaFile(fileWith({ ...good, ca: 'ca.pem' })).ca).toBe(readFileSync(join(dir, 'ca.pem'), 'utf8'))
  expect(readKafkaFile(fileWith({ ...good, tls: false, replicationFactor: 3 }))).toEqual({
    ...reached,
    replicationFactor: 3,
  })
  const users = { mirrorMaker: login('one'), worker: login('two'), api: login('three') }
  expect(readKafkaFile(fileWith({ ...good, ca, users })).users).toEqual(users)
})

test('of a file of certificates nothing but these goes on, least of all a key', () => {
  const { ca: kept } = readKafkaFile(fileWith({ ...good, ca: 'authority.pem' }))
  expect(readFileSync(join(dir, 'authority.pem'), 'utf8')).toContain('PRIVATE KEY')
  expect(kept).not.toContain('PRIVATE KEY')
})

test('one that others may read is refused, with the command that closes it', () => {
  const file = fileWith({ ...good, ca }, 0o640)
  expect(() => readKafkaFile(file)).toThrow(`chmod 600 ${file}`)
})

test('a hub has more users than a file names', () => {
  const users = { mirrorMaker: login('one'), worker: login('two'), api: login('three') }
  expect(() => readKafkaFile(fileWith({ ...good, ca, users }), '--hub-kafka')).toThrow(/--hub-kafka .*names users/)
})

test.each([
  ['is not there', undefined, /kafka[.]json cannot be read \(ENOENT\)/],
  ['is no JSON', '{', /kafka[.]json is not JSON/],
  ['names no broker', { ...good, bootstrap: [] }, /Bad settings in .*kafka[.]json: bootstrap/],
  ['has an address without a port', { ...good, bootstrap: ['b1.example.org'] }, /bootstrap[.]0/],
  ['has no password', { bootstrap: good.bootstrap, user: 'admin' }, /password is missing/],
  ['has a password that a properties file would break', { ...good, password: 'a"b\\c;dddd' }, /password must match/],
  ['asks for another mechanism', { ...good, mechanism: 'PLAIN' }, /mechanism/],
  ['speaks TLS and trusts nobody', good, /needs ca, .*tls: false/],
  ['speaks plain text and trusts somebody', { ...good, tls: false, ca: 'x' }, /has a ca and says that tls is false/],
  ['has a certificate that is none', { ...good, ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END' }, /no certificate/],
  ['names a file of certificates that is not there', { ...good, ca: 'none.pem' }, /names the ca .*none[.]pem/],
  ['has what nobody asked for', { ...good, topics: [] }, /topics is no setting/],
  [
    'names one user twice',
    { ...good, tls: false, users: { mirrorMaker: login('one'), worker: login('one'), api: login('two') } },
    /names one user twice/,
  ],
] as const)('one that %s is refused, and no value is shown', (_what, content, message) => {
  const file = content === undefined ? join(dir, 'kafka.json') : fileWith(content)
  expect(() => readKafkaFile(file)).toThrow(message)
  expect(() => readKafkaFile(file)).not.toThrow(PASSWORD)
})
