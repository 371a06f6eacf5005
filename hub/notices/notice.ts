// Notices: the lightweight stream of DMTN-165. In: the facts of an archived alert. Out: a record of some 190 bytes, with the address of its packet.
// A version of the schema appends optional fields to the one before, so that readers of either read both.
import { decodeAlert, encodeAlert } from '../avro/decode/decode-alert.ts'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { HubError } from '../errors.ts'
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
  /** Of a point source in the difference image, nanojanskys. */
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
  /** Id or name of the object of the solar system. */
  readonly ssObjectId: string | null
  /** Of the visit's own image, nanojanskys. */
  readonly scienceFlux: number | null
  readonly scienceFluxErr: number | null
  /** Arcseconds. */
  readonly trailLength: number | null
  /** 0 (a point) to 1 (extended). */
  readonly extendedness: number | null
  /** Detections of the object before this one. */
  readonly earlierDetections: number | null
  /** When it was detected last before this one, as far back as the packet goes, and when first. */
  readonly lastDetectionMjdTai: number | null
  readonly firstDetectionMjdTai: number | null
  /** Degrees. */
  readonly galacticLatitude: number | null
  /** The nearest object of the survey's reference catalogue, and how far it is in arcseconds. */
  readonly nearestReferenceId: bigint | null
  readonly nearestReferenceArcsec: number | null
}

const optional = (name: string, type: string) => ({ name, type: ['null', type], default: null })

const schemaOf = (fields: readonly object[]): string =>
  JSON.stringify({ type: 'record', name: 'notice', namespace: 'skysieve.v1', fields })

const FIRST_FIELDS = [
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
]

/** The Avro schema of notices, of every stream. */
export const NOTICE_SCHEMA: string = schemaOf([
  ...FIRST_FIELDS,
  optional('ssObjectId', 'string'),
  optional('scienceFlux', 'float'),
  optional('scienceFluxErr', 'float'),
  optional('trailLength', 'float'),
  optional('extendedness', 'float'),
  optional('earlierDetections', 'int'),
  optional('lastDetectionMjdTai', 'double'),
  optional('firstDetectionMjdTai', 'double'),
  optional('galacticLatitude', 'float'),
  optional('nearestReferenceId', 'long'),
  optional('nearestReferenceArcsec', 'float'),
])

/** The schema before: its notices may be in topics still. */
export const FIRST_NOTICE_SCHEMA: string = schemaOf(FIRST_FIELDS)

const schema = parseSchema(NOTICE_SCHEMA)
const firstSchema = parseSchema(FIRST_NOTICE_SCHEMA)

/** The topic of a stream's notices. */
export const noticesTopic = (stream: string): string => `${stream}-notices`

/** The registry's subject of a topic's values, as serializers of Confluent's registry name it. */
export const noticesSubject = (stream: string): string => `${noticesTopic(stream)}-value`

/** Where an alert's packet is: the default stream has the routes of Rubin's alert database. */
export const alertUri = (stream: string, id: bigint): string =>
  stream === DEFAULT_STREAM ? `/v1/alerts/${id}` : `/v1/streams/${stream}/alerts/${id}`

/** What a notice says of an alert. */
export const noticeOf = (stream: string, facts: AlertFacts, schemaId: number, packetBytes: number): Notice => {
  const { nearestReference } = facts
  return {
    alertId: facts.id,
    objectId: facts.objectId ?? null,
    visit: facts.visit ?? null,
    ra: facts.raDeg ?? null,
    dec: facts.decDeg ?? null,
    midpointMjdTai: facts.mjdTai ?? null,
    band: facts.band ?? null,
    flux: facts.flux ?? null,
    fluxErr: facts.fluxErr ?? null,
    snr: facts.snr ?? null,
    reliability: facts.reliability ?? null,
    known: facts.known,
    schemaId,
    packetBytes,
    uri: alertUri(stream, facts.id),
    ssObjectId: facts.ssObjectId ?? null,
    scienceFlux: facts.scienceFlux ?? null,
    scienceFluxErr: facts.scienceFluxErr ?? null,
    trailLength: facts.trailArcsec ?? null,
    extendedness: facts.extendedness ?? null,
    earlierDetections: facts.earlierDetections ?? null,
    lastDetectionMjdTai: facts.lastDetectionMjdTai ?? null,
    firstDetectionMjdTai: facts.firstDetectionMjdTai ?? null,
    galacticLatitude: facts.galacticLatitudeDeg ?? null,
    nearestReferenceId: nearestReference?.id ?? null,
    nearestReferenceArcsec: nearestReference?.arcsec ?? null,
  }
}

/** A notice in Confluent's wire format; `schemaId` is the notice's own in the registry. */
export const encodeNotice = (schemaId: number, notice: Notice): Buffer =>
  framePacket(schemaId, encodeAlert(schema, { ...notice }))

const LATER_FIELDS = {
  ssObjectId: null,
  scienceFlux: null,
  scienceFluxErr: null,
  trailLength: null,
  extendedness: null,
  earlierDetections: null,
  lastDetectionMjdTai: null,
  firstDetectionMjdTai: null,
  galacticLatitude: null,
  nearestReferenceId: null,
  nearestReferenceArcsec: null,
} as const satisfies Partial<Notice>

/**
 * Reads a notice of either version: one begins as the other does, so that bytes which are a whole notice of the first are none of the second.
 * Throws HubError HUB_PACKET_… or HUB_AVRO_….
 */
export const decodeNotice = (value: Buffer): Notice => {
  const { body } = readFrame(value)
  try {
    return decodeAlert(schema, body) as unknown as Notice
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== 'HUB_AVRO_TRUNCATED') throw error
    return { ...decodeAlert(firstSchema, body), ...LATER_FIELDS } as unknown as Notice
  }
}
