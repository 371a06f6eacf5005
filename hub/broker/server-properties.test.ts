import { describe, expect, test } from 'vitest'
import { renderProperties } from './server-properties.ts'

const settings = {
  name: 'hub',
  dir: '/data/hub',
  libs: '/libs',
  ports: { client: 9000, controller: 9001 },
  secrets: { admin: 'admin-secret', broker: 'broker-secret' },
}
const parse = (text: string) => new Map(text.split('\n').map(line => line.split(/=(.*)/s, 2) as [string, string]))
const text = renderProperties(settings, 9009)
const properties = parse(text)

describe('a broker’s configuration', () => {
  test('lets clients in by SCRAM only, and listens on loopback only', () => {
    expect(properties.get('listener.name.clients.sasl.enabled.mechanisms')).toBe('SCRAM-SHA-512')
    expect(properties.get('listeners')).toBe(
      'CLIENTS://127.0.0.1:9000,BROKER://127.0.0.1:9009,CONTROLLER://127.0.0.1:9001',
    )
  })

  test('tells clients from outside the address they reach it by, and lets them in by SCRAM only', () => {
    const outside = parse(
      renderProperties({ ...settings, outside: [{ port: 9002, advertised: 'hub.example:19002' }] }, 9009),
    )
    expect(outside.get('listeners')).toContain('CLIENTS://127.0.0.1:9000,OUTSIDE1://127.0.0.1:9002,')
    expect(outside.get('advertised.listeners')).toContain('OUTSIDE1://hub.example:19002')
    expect(outside.get('listener.name.outside1.sasl.enabled.mechanisms')).toBe('SCRAM-SHA-512')
  })

  test('speaks TLS with clients where it has certificates, and still not within', () => {
    const secure = parse(renderProperties({ ...settings, tls: { keystore: '/tls/hub.pem', ca: 'PEM' } }, 9009))
    expect(secure.get('listener.security.protocol.map')).toBe(
      'CLIENTS:SASL_SSL,BROKER:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT',
    )
    expect(secure.get('listener.name.clients.ssl.keystore.location')).toBe('/tls/hub.pem')
    expect(properties.get('listener.security.protocol.map')).toContain('CLIENTS:SASL_PLAINTEXT')
  })

  test('speaks TLS with clients from outside alone, where only they have certificates', () => {
    const listener = { port: 9102, host: '10.0.0.1', advertised: 'hub.example:9102' }
    const tls = { keystore: '/tls/hub.pem', ca: 'PEM' }
    const mixed = parse(renderProperties({ ...settings, outside: [{ ...listener, tls }] }, 9009))
    expect(mixed.get('listeners')).toContain('CLIENTS://127.0.0.1:9000,OUTSIDE1://10.0.0.1:9102,')
    expect(mixed.get('listener.security.protocol.map')).toContain('CLIENTS:SASL_PLAINTEXT,OUTSIDE1:SASL_SSL')
    expect(mixed.get('listener.name.outside1.ssl.keystore.location')).toBe('/tls/hub.pem')
    expect(mixed.get('listener.name.clients.ssl.keystore.location')).toBeUndefined()
    const six = { ...listener, host: '::', tls }
    expect(parse(renderProperties({ ...settings, outside: [six] }, 9009)).get('listeners')).toContain(
      'OUTSIDE1://[::]:',
    )
  })

  test('has every session log in again after an hour', () => {
    expect(properties.get('listener.name.clients.scram-sha-512.connections.max.reauth.ms')).toBe('3600000')
  })

  test('allows nothing that is not granted, and creates no topic by use', () => {
    expect(properties.get('allow.everyone.if.no.acl.found')).toBe('false')
    expect(properties.get('auto.create.topics.enable')).toBe('false')
    expect(properties.get('super.users')).toBe('User:kraft;User:skysieve-admin')
  })

  test('does not contain the administrator’s password', () => {
    expect(text).not.toContain('admin-secret')
  })
})
