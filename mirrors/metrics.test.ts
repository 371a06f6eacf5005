import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { mirrorLag } from './metrics.ts'

test('a lag that is not known has no value, and one that is known again has', async () => {
  const registry = new Registry()
  let lag: { readonly alerts: number; readonly seconds: number } | undefined
  mirrorLag(registry, () => lag)
  const values = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter(line => line.startsWith('skysieve_mirror_lag'))
  expect(await values()).toEqual([])
  lag = { alerts: 5, seconds: 2 }
  expect(await values()).toEqual(['skysieve_mirror_lag_alerts 5', 'skysieve_mirror_lag_seconds 2'])
  lag = undefined
  expect(await values()).toEqual([])
})
