import { expect, test } from 'vitest'
import { decodeAlert, identify, openSyntheticSource, parseSchema, readFrame } from '#hub'
import { openBenchSurvey } from './survey.ts'

test('each visit of the survey has alerts of its own, which differ from those they were made as in nothing else', async () => {
  const alerts = 40
  const survey = await openBenchSurvey({ alerts })
  const source = openSyntheticSource({ seed: 1 })
  const schema = parseSchema(source.schemaJson)
  const ids = new Set<bigint>()
  for await (const played of survey.visits(3).visits()) {
    const fluxes: unknown[] = []
    for await (const packet of played.read()) {
      const alert = decodeAlert(schema, readFrame(packet).body)
      const identity = identify(alert)
      expect(identity.visit).toBe(played.visit)
      ids.add(identity.alertId)
      fluxes.push((alert as { diaSource: { psfFlux: unknown } }).diaSource.psfFlux)
    }
    const made = Array.from({ length: alerts }, (_, at) => source.packet(0, at).alert.diaSource.psfFlux)
    expect(new Set(fluxes)).toEqual(new Set(made))
  }
  expect(ids.size).toBe(3 * alerts)
})
