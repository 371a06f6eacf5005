import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { repeatedVisit } from './packet-source.ts'
import { knownVisit } from './known-visit.ts'
import { openSyntheticSource } from '../synthetic/source.ts'

test('what is told of the known visit is what is played, each time', async () => {
  const known = await knownVisit({ alerts: 5, seed: 7 })
  const source = repeatedVisit(openSyntheticSource({ seed: 7 }), { alertsPerVisit: 5, visits: 2 })
  let played = 0
  for await (const visit of source.visits()) {
    expect(String(visit.visit)).toBe(known.visit)
    const hashes: string[] = []
    for await (const packet of visit.read()) hashes.push(createHash('sha256').update(packet).digest('hex'))
    expect(hashes).toEqual(known.alerts.map(({ sha256 }) => sha256))
    played += 1
  }
  expect(played).toBe(2)
  expect(Object.keys(known.filters).length).toBeGreaterThan(0)
})
