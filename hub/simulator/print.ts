// `skysieve stream print`: one line a packet, from a file of packets or from a topic.
import { randomUUID } from 'node:crypto'
import { type AvroSchema } from '../avro/node.ts'
import { decodeAlert, parseSchema } from '../avro/schema.ts'
import { type BrokerAccess } from '../kafka/access.ts'
import { openKafka } from '../kafka/client.ts'
import { readFrame } from '../packet.ts'
import { identify, valueAt } from './identify.ts'
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
const shown = (value: unknown): string => (value === undefined || value === null ? '-' : String(value))
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

/** The consumer pauses while lines wait, so that at most one fetch is held. */
async function* printTopic(source: TopicSource, signal: AbortSignal | undefined): AsyncGenerator<string> {
  const { access, topic, group, fromBeginning, schemaOf } = source
  const consumer = openKafka(access, 'skysieve-print').consumer({ groupId: `${group}.print-${randomUUID()}` })
  let give: (line: string) => void = () => undefined
  let taken: () => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  let isOver = false
  const onAbort = (): void => fail(signal?.reason)
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning })
    consumer.on(consumer.events.CRASH, ({ payload }) => fail(payload.error))
    signal?.addEventListener('abort', onAbort)
    let next = new Promise<string>((resolve, reject) => ([give, fail] = [resolve, reject]))
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => {
        if (isOver) return
        const line = await describePacket(message.value ?? Buffer.alloc(0), schemaOf)
        const done = new Promise<void>(resolve => (taken = resolve))
        give(line)
        await done
      },
    })
    for (;;) {
      signal?.throwIfAborted()
      yield await next
      next = new Promise<string>((resolve, reject) => ([give, fail] = [resolve, reject]))
      taken()
    }
  } finally {
    isOver = true
    signal?.removeEventListener('abort', onAbort)
    taken()
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
