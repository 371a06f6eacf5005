// A chaos run of upstreams: visits of a survey come in as framed packets and as containers, a fault strikes in each, and afterwards the hub's topics are
// compared with what the survey sent, packet by packet.
import { setTimeout as sleep } from 'node:timers/promises'
import { HUB_DEAD_LETTERS, readContainer, readFrame, STREAMS } from '#hub'
import { compare, type Differences, noteSent, type Sent } from './audit.ts'
import { openHubTopic, sha256 } from './hub-topic.ts'
import { surveyVisit } from './survey-visits.ts'
import { PARTITIONS, type TakenStream } from './taken-stream.ts'
import { strike, type UpstreamFault } from './upstream-faults.ts'

/** A visit is on its way when it is struck. */
const STRIKE_AFTER_MS = 700
/** Only to end a run that will not pass. */
const LIMIT_MS = 900_000
const LOOK_MS = 500

export interface UpstreamRun extends Differences {
  readonly visits: number
  readonly packets: number
  readonly schemas: number
  readonly deadLetters: number
  /** What the survey's registry was asked beyond reading. */
  readonly refused: number
  readonly faults: readonly UpstreamFault[]
  /** The longest from the end of a visit and its fault until all of it was on the hub. */
  readonly caughtUpSecondsMax: number
}

export interface UpstreamRunOptions {
  readonly taken: TakenStream
  /** One in each visit. */
  readonly faults: readonly UpstreamFault[]
  /** Of a visit, of either kind. */
  readonly alerts: number
  readonly print: (line: string) => void
}

/** Adds the upstreams, plays a visit for each fault, waits each time until all has come in, and compares. */
export const runUpstream = async ({ taken, faults, alerts, print }: UpstreamRunOptions): Promise<UpstreamRun> => {
  const { survey, system, framed, containers } = taken
  const kinds = [
    { sent: new Map() as Sent, came: openHubTopic(system.hub, STREAMS.lsst.topic) },
    // Their frame has an id that the hub chose.
    { sent: new Map() as Sent, came: openHubTopic(system.hub, STREAMS.ztf.topic, value => readFrame(value).body) },
  ] as const
  const [ofFrames, ofContainers] = kinds
  const count = ({ sent }: (typeof kinds)[number]): number => [...sent.values()].flat().length
  const hasCome = async (): Promise<boolean> => {
    // Its broker may still be away.
    await Promise.all(kinds.map(({ came }) => came.readOn())).catch(() => undefined)
    return kinds.every(kind => kind.came.count >= count(kind))
  }
  await taken.add('rubin', framed, '--stream', 'lsst', '--registry', survey.registry.url)
  await taken.add('ztf', containers, '--stream', 'ztf')
  let [caughtUpMs, schemas] = [0, 0]
  for (const [visit, fault] of faults.entries()) {
    const { schemaId, schemaJson, isNewSchema, ...records } = surveyVisit(visit, alerts, PARTITIONS)
    if (isNewSchema) {
      await survey.register(schemaId, schemaJson)
      schemas++
    }
    const playing = Promise.all([
      survey.produce(framed, records.framed),
      survey.produce(containers, records.containers),
    ])
    await sleep(STRIKE_AFTER_MS)
    await strike(taken, fault)
    const [packets, files] = await playing
    for (const [at, packet] of packets.entries())
      noteSent(ofFrames.sent, records.framed[at]?.partition ?? 0, sha256(packet))
    for (const [at, file] of files.entries())
      for (const datum of readContainer(file).datums)
        noteSent(ofContainers.sent, records.containers[at]?.partition ?? 0, sha256(datum))
    const beganMs = performance.now()
    const tookMs = (): number => performance.now() - beganMs
    while (!(await hasCome()) && tookMs() < LIMIT_MS) await sleep(LOOK_MS)
    caughtUpMs = Math.max(caughtUpMs, tookMs())
    print(`visit ${visit + 1} of ${faults.length}: ${fault}; all there after ${(tookMs() / 1000).toFixed(1)} s`)
  }
  const letters = openHubTopic(system.hub, HUB_DEAD_LETTERS)
  await Promise.all([...kinds.map(({ came }) => came.readOn()), letters.readOn()])
  const found = kinds.map(({ sent, came }) => compare(sent, came.hashes))
  const sum = (key: keyof Differences): number => found.reduce((total, one) => total + one[key], 0)
  return {
    visits: faults.length,
    packets: count(ofFrames) + count(ofContainers),
    schemas,
    lost: sum('lost'),
    duplicated: sum('duplicated'),
    foreign: sum('foreign'),
    outOfOrder: sum('outOfOrder'),
    deadLetters: letters.count,
    refused: survey.registry.refused.length,
    faults,
    caughtUpSecondsMax: Math.round(caughtUpMs / 100) / 10,
  }
}

/** Whether nothing is wrong. */
export const isUpstreamSound = ({
  lost,
  duplicated,
  foreign,
  outOfOrder,
  deadLetters,
  refused,
}: UpstreamRun): boolean => [lost, duplicated, foreign, outOfOrder, deadLetters, refused].every(number => number === 0)
