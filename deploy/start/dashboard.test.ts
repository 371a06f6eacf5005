import { expect, test } from 'vitest'
import { openDashboard, welcome } from './dashboard.ts'

const record = (isTerminal: boolean) => {
  const written: string[] = []
  const dashboard = openDashboard({ isTerminal, write: text => written.push(text) })
  return { dashboard, written }
}

test('without a terminal every change is a plain line', () => {
  const { dashboard, written } = record(false)
  dashboard.event({ type: 'starting', name: 'redis' })
  dashboard.event({ type: 'ready', name: 'redis', afterMs: 240 })
  expect(written).toEqual(['  redis                starting …\n', '  redis                ready after 0.2 s\n'])
})

test('on a terminal the line of a process is rewritten in place', () => {
  const { dashboard, written } = record(true)
  dashboard.event({ type: 'starting', name: 'redis' })
  dashboard.event({ type: 'starting', name: 'hub' })
  dashboard.event({ type: 'ready', name: 'redis', afterMs: 240 })
  expect(written.at(-1)).toBe('\u001B[2A\u001B[2K  redis                ready after 0.2 s\r\u001B[2B')
})

test('a death is told with its last lines and the wait', () => {
  const { dashboard, written } = record(false)
  dashboard.event({ type: 'died', name: 'api', how: 'SIGKILL', delayMs: 500, lines: ['out of memory'] })
  expect(written.join('')).toContain('api ended: SIGKILL. Starting it again in 0.5 s')
  expect(written.join('')).toContain('    out of memory')
})

const SYSTEM = {
  startedInMs: 31_000,
  apiUrl: 'http://127.0.0.1:21005',
  hub: '127.0.0.1:21000',
  nodes: ['127.0.0.1:21010', '127.0.0.1:21020'],
  registry: 'http://127.0.0.1:21002',
  outside: 'https://hub.example.org:21105, for other machines; they trust .skysieve/tls/ca.pem',
  dataDir: '.skysieve',
  tokenFile: '.skysieve/admin-token',
  playing: '1000 synthetic alerts every 37 s',
  python: 'filters do not run: no Docker engine answers at /var/run/docker.sock',
}

test('the screen names where the token lies, and never the token', () => {
  const text = welcome(SYSTEM)
  expect(text).toContain('started in 31.0 s')
  expect(text).toContain('$(cat .skysieve/admin-token)')
  expect(text).toContain('node2      127.0.0.1:21020')
  expect(text).toContain('outside    https://hub.example.org:21105')
})

test('a hub without nodes says how it gets some', () => {
  expect(welcome({ ...SYSTEM, nodes: [] })).toContain('none on this machine; add others with: npx skysieve node add')
})
