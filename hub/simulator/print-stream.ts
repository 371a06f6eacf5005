// `skysieve stream print`: one line a packet, from a file of packets or from a topic.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { addAbortSignal, PassThrough } from 'node:stream'
import { type AvroSchema } from '../avro/schema/node.ts'
import { decodeAlert } from '../avro/decode/decode-alert.ts'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { type BrokerAccess } from '../kafka/broker-access.ts'
import { openKafka } from '../kafka/consume/kafkajs-client.ts'
import { readFrame } from '../packet-frame.ts'
import { identify, valueAt } from './identify-alert.ts'
import { openPacketFile } from './packet-file.ts'

type SchemaOf = (id: number) => Promise<AvroSchema | undefined> | AvroSchema | undefined

/** A file made by `createStream`, or a topic with its schemas and a group name (a random suffix is added). */
export type PrintSource =
  | { readonly file: string }
  | {
      readonly access: BrokerAccess
      readonly topic: string
      readonly group: string
      /** Old packets too, not only those that arrive from now on. */
      readonly fromBeginning: boolean
      readonly schemaOf: SchemaOf
    }

export interface PrintOptions {
  readonly packets: number
  readonly signal?: AbortSignal
}

const numberAt = (alert: unknown, path: string): number | undefined => {
  const value = valueAt(alert, path)
  return typeof value === 'number' ? value : undefined
}
const sizeAt = (alert: unknown, path: string): number | undefined => {
  const value = valueAt(alert, path)
  return Array.isArray(value) || value instanceof Uint8Array ? value.length : undefined
}
const shown = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? `${value}` : '-')
const rounded = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(1))
const CUTOUTS = ['Science', 'Template', 'Difference']

const cutoutSizes = (alert: unknown): string =>
  CUTOUTS.map(name => shown(sizeAt(alert, `cutout${name}`) ?? sizeAt(alert, `cutout${name}.stampData`))).join('+')

/** One line about a packet; of one that cannot be read, the reason. */
export const describePacket = async (packet: Buffer, schemaOf: SchemaOf): Promise<string> => {
  try {
    const { schemaId, body } = readFrame(packet)
    const schema = await schemaOf(schemaId)
    if (schema === undefined) return `schema ${schemaId} is unknown  bytes ${packet.length}`
    const alert = decodeAlert(schema, body)
    const { alertId, visit, timeMs } = identify(alert)
    const flux = numberAt(alert, 'diaSource.psfFlux') ?? numberAt(alert, 'candidate.magpsf')
    return [
      `schema ${schemaId}`,
      `alert ${alertId}`,
      `visit ${visit}`,
      timeMs === undefined ? '-' : new Date(timeMs).toISOString(),
      `band ${shown(valueAt(alert, 'diaSource.band') ?? valueAt(alert, 'candidate.fid'))}`,
      `flux ${rounded(flux)}`,
      `priors ${shown(sizeAt(alert, 'prvDiaSources') ?? sizeAt(alert, 'prv_candidates'))}`,
      `forced ${shown(sizeAt(alert, 'prvDiaForcedSources') ?? sizeAt(alert, 'fp_hists'))}`,
      `cutouts ${cutoutSizes(alert)}`,
      `bytes ${packet.length}`,
    ].join('  ')
  } catch (error) {
    return `unreadable  bytes ${packet.length}  ${error instanceof Error ? error.message : String(error)}`
  }
}

async function* printFile(path: string): AsyncGenerator<string> {
  const file = await openPacketFile(path)
  try {
    const schemas = new Map(file.schemas.map(({ id, schemaJson }) => [id, parseSchema(schemaJson)]))
    for (const visit of file.visits)
      for await (const packet of file.packetsOf(visit)) yield describePacket(packet, id => schemas.get(id))
  } finally {
    await file.close()
  }
}

type TopicSource = Exclude<PrintSource, { readonly file: string }>

/** The consumer waits while a line waits, so that at most one fetch is held. */
async function* printTopic(source: TopicSource, signal: AbortSignal | undefined): AsyncGenerator<string> {
  const { access, topic, group, fromBeginning, schemaOf } = source
  const consumer = openKafka(access, 'skysieve-print').consumer({ groupId: `${group}.print-${randomUUID()}` })
  const lines = new PassThrough({ objectMode: true, highWaterMark: 1 })
  const over = new AbortController()
  if (signal !== undefined) addAbortSignal(signal, lines)
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning })
    consumer.on(consumer.events.CRASH, ({ payload }) => void lines.destroy(payload.error))
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => {
        if (over.signal.aborted) return
        const line = await describePacket(message.value ?? Buffer.alloc(0), schemaOf)
        if (!lines.write(line)) await once(lines, 'drain', { signal: over.signal }).catch(() => undefined)
      },
    })
    for await (const line of lines) yield String(line)
  } finally {
    over.abort()
    lines.destroy()
    await consumer.disconnect()
  }
}

/** Lines about the first `packets` packets; of a topic, it waits for them until aborted. */
export async function* printStream(source: PrintSource, { packets, signal }: PrintOptions): AsyncGenerator<string> {
  let left = packets
  if (left <= 0) return
  for await (const line of 'file' in source ? printFile(source.file) : printTopic(source, signal)) {
    signal?.throwIfAborted()
    yield line
    if (--left <= 0) return
  }
}
