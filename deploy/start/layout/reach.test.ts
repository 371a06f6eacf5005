import { expect, test } from 'vitest'
import { hostPort, namesOf, outsideListener, reachOf } from './reach.ts'

test('a machine that is told nothing is reached on loopback alone', () => {
  expect(reachOf({})).toBeUndefined()
  expect(namesOf(undefined)).toEqual(['127.0.0.1', 'localhost'])
})

test('a machine is called by the address it listens at, or as it is told', () => {
  expect(reachOf({ listen: '10.0.0.1' })).toEqual({ listen: '10.0.0.1', advertise: '10.0.0.1' })
  const reach = reachOf({ listen: '0.0.0.0', advertise: 'hub.example.org' })
  expect(reach).toEqual({ listen: '0.0.0.0', advertise: 'hub.example.org' })
  expect(namesOf(reach)).toEqual(['hub.example.org', '127.0.0.1', 'localhost'])
})

test.each([
  [{ advertise: 'hub.example.org' }, /for --listen/],
  [{ listen: 'hub.example.org' }, /an IP address/],
  [{ listen: '0.0.0.0' }, /needs --advertise/],
  [{ listen: '10.0.0.1', advertise: 'hub.example.org:21100' }, /without a port/],
  [{ listen: '10.0.0.1', advertise: 'a b' }, /host name/],
])('%j is refused with what to give instead', (options, why) => {
  expect(() => reachOf(options)).toThrow(why)
})

test('other machines reach a port a hundred above that of loopback, over TLS', () => {
  const tls = { ca: 'PEM', keystore: '/tls/hub.pem' }
  expect(outsideListener({ listen: '::', advertise: 'fd00::1' }, 21_000, tls)).toEqual({
    port: 21_100,
    host: '::',
    advertised: '[fd00::1]:21100',
    tls,
  })
  expect(hostPort('hub.example.org', 1)).toBe('hub.example.org:1')
})
