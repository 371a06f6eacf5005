// The ops port as an operator's probe sees it.
import { createHash } from 'node:crypto'
import getPort from 'get-port'
import { Counter, Gauge, Registry } from 'prom-client'
import { afterEach, expect, test } from 'vitest'
import { type Check, openOpsServer } from './ops-server.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const open = async (checks: () => readonly Check[]): Promise<string> => {
  const metrics = new Registry()
  new Counter({ name: 'skysieve_test_total', help: 'Of the test', registers: [metrics] }).inc(3)
  const port = await getPort()
  const server = await openOpsServer({ port, metrics, checks })
  closers.push(() => server.close())
  return `http://127.0.0.1:${port}`
}

test('a process is ready when all its checks are, and says why it is not', async () => {
  const checks: Check[] = [{ name: 'hub', ok: false, reason: 'no answer yet' }]
  const url = await open(() => checks)
  const before = await fetch(`${url}/readyz`)
  expect([before.status, await before.json()]).toEqual([503, { ready: false, checks }])
  checks.splice(0, 1, { name: 'hub', ok: true })
  const after = await fetch(`${url}/readyz`)
  expect([after.status, await after.json()]).toEqual([200, { ready: true, checks }])
})

test('a process that is not ready is alive, and its metrics can be read', async () => {
  const url = await open(() => [{ name: 'hub', ok: false, reason: 'away' }])
  expect((await fetch(`${url}/livez`)).status).toBe(200)
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('skysieve_test_total 3')
})

test('what is counted by filter is seen with the token alone; everybody else sees all filters together', async () => {
  const metrics = new Registry()
  const registers = [metrics]
  const evaluations = new Counter({
    name: 'skysieve_filter_evaluations_total',
    help: 'x',
    labelNames: ['filter', 'outcome'],
    registers,
  })
  evaluations.inc({ filter: 'f0000000001', outcome: 'pass' }, 3)
  evaluations.inc({ filter: 'f0000000002', outcome: 'pass' }, 4)
  evaluations.inc({ filter: 'f0000000002', outcome: 'drop' }, 0.5)
  const suspended = new Gauge({ name: 'skysieve_filter_suspended', help: 'x', labelNames: ['filter'], registers })
  suspended.set({ filter: 'f0000000001' }, 1)
  const lag = new Gauge({ name: 'skysieve_lane_lag_alerts', help: 'x', labelNames: ['lane'], registers })
  lag.set({ lane: 'live.0' }, 7)
  lag.set({ lane: 'f0000000001.own' }, 8)
  const port = await getPort()
  const metricsTokenSha256 = createHash('sha256').update('the-token').digest('hex')
  const server = await openOpsServer({ port, metrics, checks: () => [], metricsTokenSha256 })
  closers.push(() => server.close())
  const read = async (authorization?: string): Promise<string[]> => {
    const headers = authorization === undefined ? {} : { authorization }
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).text()
    return text.split('\n').filter(line => line.startsWith('skysieve'))
  }
  const anonymous = [
    'skysieve_filter_evaluations_total{outcome="pass"} 7',
    'skysieve_filter_evaluations_total{outcome="drop"} 0.5',
    'skysieve_filter_suspended 1',
    'skysieve_lane_lag_alerts{lane="live.0"} 7',
    'skysieve_lane_lag_alerts{lane="filter.own"} 8',
  ]
  expect(await read()).toEqual(anonymous)
  expect(await read('Bearer another')).toEqual(anonymous)
  expect(await read('Bearer the-token')).toContain(
    'skysieve_filter_evaluations_total{filter="f0000000001",outcome="pass"} 3',
  )
})
