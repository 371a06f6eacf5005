import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { serverTls } from '#hub'
import { authorityOf, checkedUrl, hashOfCertificate } from './authority.ts'

const SECRET = 'k3y_W1th-und3rscores'

test('a token names an authority, or that there is none', () => {
  expect(authorityOf(`skyjoin_ab12_${SECRET}_${'0123456789abcdef'.repeat(2)}`)).toBe('0123456789abcdef'.repeat(2))
  expect(authorityOf(`skyjoin_ab12_${SECRET}_${'0'.repeat(32)}`)).toBeUndefined()
})

test.each(['', 'sky_1234_5678', `skyjoin_ab12_${SECRET}`, `skyjoin_ab12_${SECRET}_xyz`])(
  '“%s” is no token, and the refusal says how to get one without repeating it',
  text => {
    const refusal = (() => {
      try {
        return String(authorityOf(text))
      } catch (error) {
        return String(error)
      }
    })()
    expect(refusal).toContain('skysieve node add')
    expect(refusal).not.toContain(SECRET)
  },
)

test('one certificate has the hash of a token; two in one text have none', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-authority-'))
  const { ca } = await serverTls(dir, 'hub', ['127.0.0.1'])
  expect(hashOfCertificate(ca)).toMatch(/^[0-9a-f]{32}$/)
  expect(hashOfCertificate(`${ca}${ca}`)).toBeUndefined()
  expect(hashOfCertificate('{"no":"certificate"}')).toBeUndefined()
})

test.each([
  ['https://hub.example.org:21105/', 'https://hub.example.org:21105'],
  ['http://127.0.0.1:21005', 'http://127.0.0.1:21005'],
  ['http://[::1]:21005', 'http://[::1]:21005'],
])('%s is an address to join', (text, origin) => {
  expect(checkedUrl(text)).toBe(origin)
})

test.each([
  ['http://hub.example.org:21005', /on this machine.*--listen/],
  ['hub.example.org:21105', /give the address/],
  ['ftp://hub.example.org', /give the address/],
  ['https://admin:secret@hub.example.org', /leave user and password out/],
])('%s is refused with what to type instead', (text, why) => {
  expect(() => checkedUrl(text)).toThrow(why)
})
