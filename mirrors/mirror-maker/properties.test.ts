import { describe, expect, test } from 'vitest'
import { mirrorMakerCommand } from './command.ts'
import { renderMirrorMaker, renderMirrorMakerLogging, renderSecrets } from './properties.ts'
import { mirrorMakerAcls } from './mirror-maker-acls.ts'
import { checkSettings, type MirrorMakerSettings } from './settings.ts'

const settings: MirrorMakerSettings = {
  name: 'node1',
  dir: '/data/node1/mirror-maker',
  libs: '/libs',
  hub: { bootstrap: '127.0.0.1:21000', user: 'skysieve-mm2-node1', password: 'secret-of-the-hub' },
  node: { bootstrap: '127.0.0.1:21010', user: 'skysieve-mm2-node1', password: 'secret-of-the-node' },
  restPort: 21012,
  topics: ['lsst-alerts-v11', '_schemas', 'skysieve.filters'],
}
const properties = new Map(
  renderMirrorMaker(settings)
    .split('\n')
    .filter(line => line !== '')
    .map(line => [line.slice(0, line.indexOf(' = ')), line.slice(line.indexOf(' = ') + 3)]),
)

describe('the configuration of MirrorMaker', () => {
  test('copies exactly once: a transaction a poll, only what is committed on the hub', () => {
    expect(properties.get('node1.exactly.once.source.support')).toBe('enabled')
    expect(properties.get('hub->node1.transaction.boundary')).toBe('poll')
    expect(properties.get('hub.consumer.isolation.level')).toBe('read_committed')
    expect(properties.get('dedicated.mode.enable.internal.rest')).toBe('true')
  })

  test('names topics as patterns that match them alone', () => {
    const patterns = properties.get('hub->node1.topics')!.split(',')
    expect(patterns).toEqual(['lsst-alerts-v11', '_schemas', 'skysieve[.]filters'])
    expect(new RegExp(`^${patterns[2]}$`).test('skysieve-filters')).toBe(false)
  })

  test('listens on loopback only', () => {
    expect(properties.get('listeners')).toBe('http://127.0.0.1:21012')
  })

  test('of one of three is reached by the others, by TLS of both sides, and keeps three replicas', () => {
    const tls = { ca: 'ca', keystore: '/data/node1/peer.pem' }
    const text = renderMirrorMaker({ ...settings, peers: { address: '10.0.0.2', tls, rank: 1 } })
    for (const line of [
      'listeners = https://10.0.0.2:21012',
      'rest.advertised.host.name = 10.0.0.2',
      'rest.advertised.listener = https',
      'listeners.https.ssl.client.auth = required',
      'replication.factor = 3',
      'node1.offset.storage.replication.factor = 3',
      'node1.exactly.once.source.support = enabled',
      'node1.producer.request.timeout.ms = 3000',
    ])
      expect(text).toContain(`\n${line}\n`)
    // Of another machine, whose folder is elsewhere.
    expect(text).toContain('password="${file:secrets.properties:hub}"')
    expect(text).not.toContain('http://')
    expect(renderSecrets(settings, 'of-the-keystore')).toBe(`${renderSecrets(settings)}KEYSTORE=of-the-keystore\n`)
  })

  test('writes nothing to the hub and sets no offset-syncs topic, which would fail the connector', () => {
    expect(properties.get('emit.heartbeats.enabled')).toBe('false')
    expect([...properties.keys()].filter(key => key.includes('offset-syncs.topic'))).toEqual([])
  })

  test('passwords are in one file and nowhere else', () => {
    const elsewhere = [
      renderMirrorMaker(settings),
      renderMirrorMakerLogging(settings),
      JSON.stringify(mirrorMakerCommand(settings)),
    ]
    for (const text of elsewhere) expect(text).not.toMatch(/secret-of/)
    expect(renderSecrets(settings)).toBe('hub=secret-of-the-hub\nnode1=secret-of-the-node\n')
  })
})

test('the rights on the hub are to read, and only what is copied', () => {
  const { hub } = mirrorMakerAcls('node1', settings.topics)
  expect(hub.map(({ name }) => name)).toEqual(settings.topics)
  expect(new Set(hub.flatMap(({ operations }) => operations))).toEqual(
    new Set(['read', 'describe', 'describe-configs']),
  )
})

test.each([
  ['a name with a dot', { name: 'node.1' }],
  ['the hub’s own name', { name: 'hub' }],
  ['no topic', { topics: [] }],
  ['a pattern for a topic', { topics: ['alerts-.*'] }],
  ['a password that would break the file', { node: { ...settings.node, password: 'a\nb=c#12345' } }],
  ['half a task', { tasks: 0.5 }],
  ['an address that would break the file', { peers: { address: 'a b', tls: { ca: '', keystore: '' }, rank: 0 } }],
])('%s is refused', (_what, change) => {
  expect(() => checkSettings({ ...settings, ...change })).toThrow(
    expect.objectContaining({ code: 'MIRROR_MAKER_SETTING' }),
  )
})
