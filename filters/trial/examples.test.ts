import { EXAMPLE_ANSWERS, openSyntheticSource } from '#hub'
import { expect, test } from 'vitest'
import { examples } from './examples.ts'

const ALERTS = 400
const source = openSyntheticSource()
const alerts = Array.from({ length: ALERTS }, (_, i) => source.packet(i % 8, i).alert)

type Filter = (alert: unknown) => unknown

test.each(examples().filter(({ stream, language }) => stream === 'lsst' && language !== 'python'))(
  'the example $name passes exactly the alerts of its answer',
  async ({ name, fileName }) => {
    const { filter } = (await import(`../examples/${fileName}`)) as { filter: Filter }
    const answer = EXAMPLE_ANSWERS[name]
    if (answer === undefined) throw new Error(`there is no answer for ${name}`)
    const passed = alerts.filter(alert => filter(alert) === true).map(alert => alert.diaSourceId)
    const expected = alerts.filter(answer).map(alert => alert.diaSourceId)
    expect(passed).toEqual(expected)
    expect(expected.length).toBeGreaterThan(0)
  },
)
