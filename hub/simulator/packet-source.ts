// In: the synthetic survey, a file of ready packets (packet-file.ts), or a folder of real ones (packet-folder.ts). Out: packets to play, visit by visit;
// play-stream.ts sends them.
import { decodeAlert } from '../avro/decode/decode-alert.ts'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { readFrame } from '../packet-frame.ts'
import { type SchemaText } from '../registry/client/registry-client.ts'
import { type Stream, STREAMS } from '../streams.ts'
import { type AnswerSheet } from '../synthetic/example-answers.ts'
import { type SyntheticSource } from '../synthetic/source.ts'
import { addAnswers } from './answer-sheet.ts'
import { identify } from './identify-alert.ts'
import { openPacketFile } from './packet-file.ts'

/** Number of the visit that is played over and over, in the synthetic survey's calendar. */
export const KNOWN_VISIT = 0

/** A visit ready to be played. */
export interface SourceVisit {
  readonly stream: Stream
  readonly visit: bigint
  readonly packets: number
  /** The packets in their order; made or read as they are asked for. */
  read(): AsyncIterable<Buffer> | Iterable<Buffer>
  /** The id of one of its alerts; undefined where the packet cannot be read. For messages, not for many packets. */
  alertAt(index: number, packet: Buffer): bigint | undefined
}

export interface PacketSource {
  /** The schemas its packets name; register them before the first packet. */
  readonly schemas: readonly SchemaText[]
  visits(): AsyncIterable<SourceVisit> | Iterable<SourceVisit>
  close(): Promise<void>
}

export interface SyntheticVisits {
  readonly alertsPerVisit: number
  /** Number of the first visit; numbers of visits already played are never used again. */
  readonly firstVisit?: number
  /** Without it, visits do not end. */
  readonly visits?: number
  /** Is told each visit's number before its first packet is made. */
  readonly onVisit?: (visitNumber: number) => Promise<void> | void
  /** Collects the answers of the example filters. */
  readonly answers?: AnswerSheet
}

/** The synthetic survey as a source. */
export const syntheticVisits = (source: SyntheticSource, options: SyntheticVisits): PacketSource => {
  const { alertsPerVisit, firstVisit = 0, visits = Infinity, onVisit, answers } = options
  async function* read(visitNumber: number): AsyncGenerator<Buffer> {
    await onVisit?.(visitNumber)
    for (let number = 0; number < alertsPerVisit; number++) {
      const made = source.packet(visitNumber, number)
      if (answers !== undefined) addAnswers(answers, made)
      yield made.packet
    }
  }
  // Shared by all calls of visits(): a player that begins again gets visits that were not handed out.
  let next = firstVisit
  return {
    schemas: [{ id: source.schemaId, schemaJson: source.schemaJson }],
    *visits() {
      while (next < firstVisit + visits) {
        const visitNumber = next++
        yield {
          stream: STREAMS.lsst,
          visit: source.exposure(visitNumber).visit,
          packets: alertsPerVisit,
          read: () => read(visitNumber),
          alertAt: index => source.packet(visitNumber, index).alertId,
        }
      }
    },
    close: () => Promise.resolve(),
  }
}

/** One visit of the synthetic survey over and over, always the same bytes; without `visits` it does not end. */
export const repeatedVisit = (
  source: SyntheticSource,
  { alertsPerVisit, visits = Infinity }: Pick<SyntheticVisits, 'alertsPerVisit' | 'visits'>,
): PacketSource => {
  const once = (): SourceVisit[] => [
    ...(syntheticVisits(source, {
      alertsPerVisit,
      firstVisit: KNOWN_VISIT,
      visits: 1,
    }).visits() as Iterable<SourceVisit>),
  ]
  return {
    schemas: [{ id: source.schemaId, schemaJson: source.schemaJson }],
    *visits() {
      for (let played = 0; played < visits; played++) yield* once()
    },
    close: () => Promise.resolve(),
  }
}

/** A file of ready packets as a source. Throws HubError HUB_PACKET_FILE_INVALID. */
export const fileVisits = async (path: string): Promise<PacketSource> => {
  const file = await openPacketFile(path)
  const schemas = new Map(file.schemas.map(({ id, schemaJson }) => [id, parseSchema(schemaJson)]))
  const alertAt = (packet: Buffer): bigint | undefined => {
    try {
      const { schemaId, body } = readFrame(packet)
      const schema = schemas.get(schemaId)
      return schema === undefined ? undefined : identify(decodeAlert(schema, body)).alertId
    } catch {
      return undefined
    }
  }
  return {
    schemas: file.schemas,
    visits: () =>
      file.visits.map(entry => ({
        stream: STREAMS.lsst,
        visit: entry.visit,
        packets: entry.packets,
        read: () => file.packetsOf(entry),
        alertAt: (_, packet) => alertAt(packet),
      })),
    close: () => file.close(),
  }
}
