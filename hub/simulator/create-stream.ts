// `skysieve stream create`: a file of ready synthetic packets and, next to it, the answers of the example filters.
import { type AnswerSheet } from '../synthetic/example-answers.ts'
import { openSyntheticSource } from '../synthetic/source.ts'
import { answersPath, writeAnswers } from './answer-sheet.ts'
import { createPacketFile } from './packet-file.ts'
import { syntheticVisits } from './packet-source.ts'

export interface CreateOptions {
  readonly file: string
  readonly visits: number
  /** Alerts a visit. */
  readonly alerts: number
  readonly seed?: number
  /** Number of the first visit; by default in a night of the seed's own, years after those the simulator plays. */
  readonly firstVisit?: number
  readonly signal?: AbortSignal
  /** Called after each visit. */
  readonly onVisit?: (created: { readonly visit: bigint; readonly packets: number; readonly bytes: number }) => void
}

export interface Created {
  readonly file: string
  readonly answersFile: string
  readonly visits: number
  readonly packets: number
  readonly bytes: number
}

const DEFAULT_SEED = 1
/** Ids of files and of the simulator's visits must not meet in one hub: 250 nights on, then a night of 900 visits for each of 1,000 seeds. */
const nightOf = (seed: number): number => 900 * (250 + (seed % 1000))

/** Lets the process do other work while packets are made. */
const PACKETS_A_TURN = 64
const turn = (): Promise<void> => new Promise(done => setImmediate(done))

/** Writes `<file>` and `<file>.answers.json`. Aborted or failed, it leaves neither. */
export const createStream = async (options: CreateOptions): Promise<Created> => {
  const { file, visits, alerts, seed = DEFAULT_SEED, firstVisit = nightOf(seed), signal, onVisit } = options
  const answers: AnswerSheet = {}
  const synthetic = openSyntheticSource({ seed })
  const source = syntheticVisits(synthetic, { alertsPerVisit: alerts, firstVisit, visits, answers })
  const writer = await createPacketFile(file, source.schemas)
  try {
    for await (const made of source.visits()) {
      const { visit, packets } = made
      writer.beginVisit(visit)
      let bytes = 0
      let written = 0
      for await (const packet of made.read()) {
        await writer.add(packet)
        bytes += packet.length
        if (++written % PACKETS_A_TURN === 0) {
          await turn()
          signal?.throwIfAborted()
        }
      }
      onVisit?.({ visit, packets, bytes })
    }
    await writeAnswers(answersPath(file), answers)
    const entries = await writer.finish()
    return {
      file,
      answersFile: answersPath(file),
      visits: entries.length,
      packets: entries.reduce((sum, { packets }) => sum + packets, 0),
      bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
    }
  } finally {
    await writer.discard()
  }
}
