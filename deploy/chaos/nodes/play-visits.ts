// A program that plays visits on the hub's machine until it is told which is the last: its plan, and later that visit, as lines of JSON on standard input; each
// visit that begins as a line of JSON on standard output.
import { createInterface } from 'node:readline'
import { type BrokerAccess, openRegistryClient, openSyntheticSource, STREAMS } from '#hub'
import { openJournal } from '../visits/journal.ts'
import { play } from '../visits/player.ts'
import { trueStamp } from '../visits/timestamps.ts'
import { openEndedTimetable, type OpenEnded } from './open-ended-timetable.ts'

export interface PlayPlan extends OpenEnded {
  readonly access: BrokerAccess
  readonly registryWriteUrl: string
  /** Of the journal, which the audit reads. */
  readonly dir: string
}

/** A line to it. */
export interface LastVisit {
  readonly lastVisit: number
}

/** A line of it. */
export interface BegunVisit {
  readonly visit: number
}

const lines = createInterface({ input: process.stdin })
let lastVisit = Infinity
const { promise: planned, resolve } = Promise.withResolvers<PlayPlan>()
lines.on('line', line => {
  const said = JSON.parse(line) as PlayPlan | LastVisit
  if ('lastVisit' in said) lastVisit = said.lastVisit
  else resolve(said)
})

const { access, registryWriteUrl, dir, ...timetable } = await planned
const source = openSyntheticSource({ seed: timetable.seed })
await openRegistryClient(registryWriteUrl).importSchema({ id: source.schemaId, schemaJson: source.schemaJson })
const journal = await openJournal(dir)
await play({
  access,
  topic: STREAMS.lsst.topic,
  source,
  departures: openEndedTimetable(timetable),
  journal,
  signal: new AbortController().signal,
  stampFor: trueStamp,
  onVisit: visit => void process.stdout.write(`${JSON.stringify({ visit } satisfies BegunVisit)}\n`),
  isWanted: visit => visit <= lastVisit,
})
await journal.close()
lines.close()
// The Kafka client leaves the timer of a connection's next login behind.
process.exit()
