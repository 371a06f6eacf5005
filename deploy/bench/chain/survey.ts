// The survey of the chain bench: one visit, made beforehand and kept in memory, that is played as one visit after the other. Packets in files, 1.2 GB a
// visit, would take the page cache from the brokers, which is what they read from.
import { setImmediate } from 'node:timers/promises'
import {
  decodeAlert,
  encodeAlert,
  identify,
  openSyntheticSource,
  type PacketSource,
  parseSchema,
  readFrame,
  STREAMS,
} from '#hub'

export interface BenchSurvey {
  /** The next visits of the survey. Their packets are valid until those of the visit after them are read. */
  readonly visits: (count: number) => PacketSource
}

/** A packet and where the numbers are that change from visit to visit. */
interface Kept {
  readonly packet: Buffer
  readonly alertId: bigint
  readonly visitAt: readonly number[]
  readonly alertIdAt: readonly number[]
}

/** Lets the process answer while packets are made. */
const PACKETS_A_TURN = 64
/** Of the synthetic survey's alert ids, below the number of their visit. */
const NUMBER_BITS = 20n
/** Each visit begins with another alert, so that caps do not fill with the same ones. */
const FIRST_ALERT_STEP = 1237
/** A record's bytes are those of its fields. */
const LONG = parseSchema('{"type":"record","name":"number","fields":[{"name":"value","type":"long"}]}')

const avroLong = (value: bigint): Buffer => encodeAlert(LONG, { value })

function placesOf(packet: Buffer, wanted: Buffer): readonly number[] {
  const places: number[] = []
  for (let at = packet.indexOf(wanted); at >= 0; at = packet.indexOf(wanted, at + wanted.length)) places.push(at)
  return places
}

const write = ({ packet }: Kept, places: readonly number[], value: bigint): void => {
  const bytes = avroLong(value)
  for (const at of places) bytes.copy(packet, at)
}

/** Makes the packets: some 0.4 ms of CPU and 120 KB each. */
export async function openBenchSurvey({ alerts }: { readonly alerts: number }): Promise<BenchSurvey> {
  const source = openSyntheticSource()
  const schema = parseSchema(source.schemaJson)
  const stream = STREAMS.lsst
  const { visit: madeAs } = source.exposure(0)
  const kept: Kept[] = []
  while (kept.length < alerts) {
    const { packet, alertId, visit } = source.packet(0, kept.length)
    kept.push({
      packet,
      alertId,
      visitAt: placesOf(packet, avroLong(visit)),
      alertIdAt: placesOf(packet, avroLong(alertId)),
    })
    if (kept.length % PACKETS_A_TURN === 0) await setImmediate()
  }
  const renamed = (one: Kept, visit: bigint): Buffer => {
    write(one, one.visitAt, visit)
    write(one, one.alertIdAt, one.alertId + ((visit - madeAs) << NUMBER_BITS))
    return one.packet
  }
  const identityOf = (packet: Buffer) => identify(decodeAlert(schema, readFrame(packet).body), [stream])

  function* packetsOf(visit: bigint, number: number): Generator<Buffer> {
    for (let at = 0; at < alerts; at++) {
      const one = kept[(at + number * FIRST_ALERT_STEP) % alerts]
      if (one === undefined) return
      const packet = renamed(one, visit)
      if (at === 0 && identityOf(packet).visit !== visit)
        throw new Error(`A packet made as of visit ${madeAs} does not become one of ${visit}`)
      yield packet
    }
  }
  let next = 1
  return {
    visits: count => ({
      schemas: [{ id: source.schemaId, schemaJson: source.schemaJson }],
      *visits() {
        for (let played = 0; played < count; played++) {
          const number = next++
          const { visit } = source.exposure(number)
          yield {
            stream,
            visit,
            packets: alerts,
            read: () => packetsOf(visit, number),
            alertAt: (_, packet) => identityOf(packet).alertId,
          }
        }
      },
      close: () => Promise.resolve(),
    }),
  }
}
