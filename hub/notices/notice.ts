// Notices: the lightweight stream of DMTN-165. In: the facts of an archived alert. Out: a record of some 130 bytes, with the address of its packet.
import { decodeAlert, encodeAlert } from '../avro/decode/decode-alert.ts'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { framePacket, readFrame } from '../packet-frame.ts'
import { type AlertFacts } from './alert-facts.ts'
import { DEFAULT_STREAM } from '../streams.ts'

/** A notice, as its Avro record has it. Longs are bigint. */
export interface Notice {
  readonly alertId: bigint
  readonly objectId: string | null
  readonly visit: bigint | null
  /** Degrees, ICRS. */
  readonly ra: number | null
  readonly dec: number | null
  readonly midpointMjdTai: number | null
  readonly band: string | null
  /** Of the difference image, nanojanskys. */
  readonly flux: number | null
  readonly fluxErr: number | null
  readonly snr: number | null
  readonly reliability: number | null
  /** Whether the object was known before. */
  readonly known: boolean
  /** The packet's schema in the registry. */
  readonly schemaId: number
  /** Bytes of the packet, not compressed. */
  readonly packetBytes: number
  /** Where the packet is, below the address of the HTTP API. */
  readonly uri: string
}

const optional = (name: string, type: string) => ({ name, type: ['null', type], default: null })

/** The Avro schema of notices, of every stream. */
export const NOTICE_SCHEMA: string = JSON.stringify({
  type: 'record',
  name: 'notice',
  namespace: 'skysieve.v1',
  fields: [
    { name: 'alertId', type: 'long' },
    optional('objectId', 'string'),
    optional('visit', 'long'),
    optional('ra', 'double'),
    optional('dec', 'double'),
    optional('midpointMjdTai', 'double'),
    optional('band', 'string'),
    optional('flux', 'float'),
    optional('fluxErr', 'float'),
    optional('snr', 'float'),
    optional('reliability', 'float'),
    { name: 'known', type: 'boolean' },
    { name: 'schemaId', type: 'int' },
    { name: 'packetBytes', type: 'int' },
    { name: 'uri', type: 'string' },
  ],
})

const schema = parseSchema(NOTICE_SCHEMA)

/** The topic of a stream's notices. */
export const noticesTopic = (stream: string): string => `${stream}-notices`

/** The registry's subject of a topic's values, as serializers of Confluent's registry name it. */
export const noticesSubject = (stream: string): string => `${noticesTopic(stream)}-value`

/** Where an alert's packet is: the default stream has the routes of Rubin's alert database. */
export const alertUri = (stream: string, id: bigint): string =>
  stream === DEFAULT_STREAM ? `/v1/alerts/${id}` : `/v1/streams/${stream}/alerts/${id}`

/** What a notice says of an alert. */
export const noticeOf = (stream: string, facts: AlertFacts, schemaId: number, packetBytes: number): Notice => {
  const { id, objectId, visit, raDeg, decDeg, mjdTai, band, flux, fluxErr, snr, reliability, known } = facts
  return {
    alertId: id,
    objectId: objectId ?? null,
    visit: visit ?? null,
    ra: raDeg ?? null,
    dec: decDeg ?? null,
    midpointMjdTai: mjdTai ?? null,
    band: band ?? null,
    flux: flux ?? null,
    fluxErr: fluxErr ?? null,
    snr: snr ?? null,
    reliability: reliability ?? null,
    known,
    schemaId,
    packetBytes,
    uri: alertUri(stream, id),
  }
}

/** A notice in Confluent's wire format; `schemaId` is the notice's own in the registry. */
export const encodeNotice = (schemaId: number, notice: Notice): Buffer =>
  framePacket(schemaId, encodeAlert(schema, { ...notice }))

/** Reads a notice. Throws HubError HUB_PACKET_… or HUB_AVRO_…. */
export const decodeNotice = (value: Buffer): Notice => decodeAlert(schema, readFrame(value).body) as unknown as Notice
