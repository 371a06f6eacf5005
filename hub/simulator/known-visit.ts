// A visit that is played over and over, and all that is known of it: for people who write clients and want to know whether they got it right.
import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { addAnswers } from './answer-sheet.ts'
import { KNOWN_VISIT } from './packet-source.ts'
import { STREAMS } from '../streams.ts'
import { type AnswerSheet } from '../synthetic/example-answers.ts'
import { openSyntheticSource } from '../synthetic/source.ts'

interface KnownAlert {
  readonly alertId: string
  readonly bytes: number
  /** Of the whole packet as it is on the topic, in hex. */
  readonly sha256: string
}

export interface KnownVisit {
  readonly stream: string
  readonly topic: string
  readonly visit: string
  readonly schemaId: number
  readonly alerts: readonly KnownAlert[]
  /** Example filter → ids of the alerts that pass it. */
  readonly filters: Readonly<Record<string, readonly string[]>>
}

export interface KnownVisitOptions {
  readonly alerts: number
  readonly seed: number
}

/** Works it out from the seed, some milliseconds of CPU an alert; the event loop is free after each. */
export const knownVisit = async ({ alerts, seed }: KnownVisitOptions): Promise<KnownVisit> => {
  const source = openSyntheticSource({ seed })
  const known: KnownAlert[] = []
  const sheet: AnswerSheet = {}
  for (let number = 0; number < alerts; number++) {
    const made = source.packet(KNOWN_VISIT, number)
    addAnswers(sheet, made)
    const sha256 = createHash('sha256').update(made.packet).digest('hex')
    known.push({ alertId: String(made.alertId), bytes: made.packet.length, sha256 })
    await turn()
  }
  const visit = String(source.exposure(KNOWN_VISIT).visit)
  const { name: stream, topic } = STREAMS.lsst
  const filters = Object.fromEntries(Object.entries(sheet).map(([name, visits]) => [name, visits[visit] ?? []]))
  return { stream, topic, visit, schemaId: source.schemaId, alerts: known, filters }
}
