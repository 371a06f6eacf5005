// What the example filters must pass of a synthetic visit, from the seed and the plain predicates; nothing of the engine.
import { createHash } from 'node:crypto'
import { EXAMPLE_ANSWERS, openSyntheticSource } from '#hub'

export interface ExpectedVisit {
  readonly visit: string
  /** Filter name → alert id → SHA-256 of the packet. */
  readonly passing: ReadonlyMap<string, ReadonlyMap<string, string>>
}

const source = openSyntheticSource()

/** The visit with that number (from 0) as the simulator plays it. */
export const expectedVisit = (visitNumber: number, alerts: number): ExpectedVisit => {
  const passing = new Map(Object.keys(EXAMPLE_ANSWERS).map(name => [name, new Map<string, string>()]))
  for (let at = 0; at < alerts; at++) {
    const { alert, alertId, packet } = source.packet(visitNumber, at)
    for (const [name, passes] of Object.entries(EXAMPLE_ANSWERS))
      if (passes(alert)) passing.get(name)?.set(String(alertId), createHash('sha256').update(packet).digest('hex'))
  }
  return { visit: String(source.exposure(visitNumber).visit), passing }
}
