import { describe, expect, test } from 'vitest'
import { checkCell } from './cell.ts'
import { renderProperties } from './server-properties.ts'
import { adminAccess, type Cell } from './settings.ts'

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

describe('a broker of a cell', () => {
  const cell: Cell = {
    id: 2,
    voters: [1, 2, 3].map(id => ({ id, name: `cell-${id}`, address: `10.0.0.${id}` })),
    clusterId: 'AAAAAAAAAAAAAAAAAAAAAA',
    port: 9002,
    tls: { keystore: '/tls/cell-2.pem', ca: 'first\nsecond\n' },
  }
  const own = parse(renderProperties({ ...settings, cell }, 9002))

  test('votes with the two others, and listens on its machine’s address', () => {
    expect(own.get('node.id')).toBe('2')
    expect(own.get('controller.quorum.voters')).toBe('1@10.0.0.1:9001,2@10.0.0.2:9001,3@10.0.0.3:9001')
    expect(own.get('listeners')).toBe('CLIENTS://10.0.0.2:9000,BROKER://10.0.0.2:9002,CONTROLLER://10.0.0.2:9001')
    expect(own.get('advertised.listeners')).toBe('CLIENTS://10.0.0.2:9000,BROKER://10.0.0.2:9002')
  })

  test.each(['broker', 'controller'])(
    'lets nobody in as a %s without a certificate of the cell, and has no password',
    name => {
      expect(own.get('listener.security.protocol.map')).toContain(`${name.toUpperCase()}:SSL`)
      expect(own.get(`listener.name.${name}.ssl.client.auth`)).toBe('required')
      expect(own.get(`listener.name.${name}.ssl.truststore.certificates`)).toBe('first\\nsecond')
      expect(own.get('super.users')).toBe('User:CN=cell-1;User:CN=cell-2;User:CN=cell-3;User:skysieve-admin')
      expect([...own.values()].join('\n')).not.toContain('broker-secret')
      expect([...own.values()]).not.toContain('undefined')
    },
  )

  test('keeps what it acknowledges on two machines, and never lets one lead that lacks it', () => {
    for (const key of ['min.insync.replicas', 'transaction.state.log.min.isr']) expect(own.get(key)).toBe('2')
    for (const key of ['default', 'offsets.topic', 'transaction.state.log'])
      expect(own.get(`${key}.replication.factor`)).toBe('3')
    expect(own.get('unclean.leader.election.enable')).toBe('false')
  })

  test('may be known by a name, and listens at an address of its machine all the same', () => {
    const voters = cell.voters.map(voter => ({ ...voter, address: `${voter.name}.example.org` }))
    const named = parse(renderProperties({ ...settings, host: '10.0.0.2', cell: { ...cell, voters } }, 9002))
    expect(named.get('listeners')).toBe('CLIENTS://10.0.0.2:9000,BROKER://10.0.0.2:9002,CONTROLLER://10.0.0.2:9001')
    expect(named.get('advertised.listeners')).toBe('CLIENTS://cell-2.example.org:9000,BROKER://cell-2.example.org:9002')
    expect(named.get('controller.quorum.voters')).toContain('2@cell-2.example.org:9001')
  })

  test('is found by its clients at all three addresses, its own first', () => {
    const { bootstrap, timeouts } = adminAccess({ ...settings, cell })
    expect(bootstrap).toBe('10.0.0.2:9000,10.0.0.1:9000,10.0.0.3:9000')
    expect(timeouts).toMatchObject({ requestMs: 2000 })
  })

  test.each([
    ['has 3 brokers', { voters: cell.voters.slice(1) }],
    ['has no broker 4', { id: 4 }],
    ['has no two brokers with the same address', { voters: cell.voters.map(voter => ({ ...voter, address: 'same' })) }],
    ['names its brokers', { voters: cell.voters.map(voter => ({ ...voter, name: `${voter.name};User:alice` })) }],
    ['has an id', { clusterId: 'short' }],
  ])('is refused where its cell is no cell: it %s', (what, changes) => {
    expect(() => checkCell(cell)).not.toThrow()
    expect(() => checkCell({ ...cell, ...changes })).toThrow(what)
  })
})
