// The surveys' streams as configuration: which topic, and where in an alert its id, its visit and its time are.
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { HubError } from './errors.ts'

/** Modified Julian day of 1970-01-01. */
const MJD_1970 = 40_587
const JD_1970 = 2_440_587.5
const DAY_MS = 86_400_000
/** TAI - UTC since 2017-01-01. */
const TAI_AHEAD_MS = 37_000

/** A time's scale and how it becomes milliseconds since 1970 (UTC). */
export const TIME_SCALES = {
  'mjd-tai': (day: number) => Math.round((day - MJD_1970) * DAY_MS) - TAI_AHEAD_MS,
  'jd-utc': (day: number) => Math.round((day - JD_1970) * DAY_MS),
  'unix-ms': (ms: number) => Math.round(ms),
} as const

export type TimeScale = keyof typeof TIME_SCALES

const Path = Type.String({ pattern: '^[A-Za-z_]\\w*(\\.[A-Za-z_]\\w*)*$' })

/** A stream as it is written in configuration. */
export const StreamSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }),
    topic: Type.String({ pattern: '^[A-Za-z0-9._-]{1,249}$' }),
    /** Where the alert's id may be; the first path a packet's schema has is taken. */
    alertId: Type.Array(Path, { minItems: 1 }),
    /** The exposure's id; with `divideBy`, the quotient rounded down. */
    visit: Type.Object(
      { path: Path, divideBy: Type.Optional(Type.Integer({ minimum: 1 })) },
      { additionalProperties: false },
    ),
    /** When the exposure was taken; the first path a packet's schema has is taken, else the record's Kafka timestamp. */
    timeMs: Type.Array(
      Type.Object(
        { path: Path, scale: Type.Union([Type.Literal('mjd-tai'), Type.Literal('jd-utc'), Type.Literal('unix-ms')]) },
        { additionalProperties: false },
      ),
    ),
    /** Where the id of the object on the sky is. */
    object: Type.Optional(Path),
    /** What archive and notices say of an alert, by paths; of several the first that has a value in the packet counts. */
    facts: Type.Optional(
      Type.Object(
        {
          /** Ids of the object, e.g. of a solar-system one too; 0 is none. */
          object: Type.Array(Path),
          /** Degrees, ICRS. */
          ra: Type.Array(Path),
          dec: Type.Array(Path),
          /** A name, or a number that `bandNames` has. */
          band: Type.Array(Path),
          bandNames: Type.Optional(Type.Record(Type.String(), Type.String())),
          /** Nanojanskys. */
          flux: Type.Optional(Type.Array(Path)),
          fluxErr: Type.Optional(Type.Array(Path)),
          snr: Type.Optional(Type.Array(Path)),
          /** AB magnitude, its error, and the flag that tells brightening (t or 1) from fading: in place of flux and SNR. */
          magnitude: Type.Optional(
            Type.Object({ value: Path, error: Path, positive: Path }, { additionalProperties: false }),
          ),
          reliability: Type.Array(Path),
          /** The object was known before this alert where one of these numbers is above its limit, or this list of earlier sources has items. */
          known: Type.Array(Type.Object({ path: Path, above: Type.Number() }, { additionalProperties: false })),
          history: Type.Optional(Path),
          /** In an item of that list: when it was taken, in the scale of the stream's time. */
          historyTime: Type.Optional(Type.Array(Path)),
          /** In an item of that list: what only a detection has, where the list has upper limits too. */
          historyDetection: Type.Optional(Path),
          /** When the object was first seen, in the scale of the stream's time. */
          firstTime: Type.Optional(Type.Array(Path)),
          /** How many detections the object has, with this one. */
          detections: Type.Optional(Type.Array(Path)),
          /** The object of the solar system, by id or name; 0 and `null` are none. `within` takes it only where this distance is 0 to `arcsec`. */
          solarSystem: Type.Optional(
            Type.Object(
              {
                id: Path,
                within: Type.Optional(
                  Type.Object({ path: Path, arcsec: Type.Number() }, { additionalProperties: false }),
                ),
              },
              { additionalProperties: false },
            ),
          ),
          /** Of the visit's own image, not of the difference; nanojanskys. */
          scienceFlux: Type.Optional(Type.Array(Path)),
          scienceFluxErr: Type.Optional(Type.Array(Path)),
          /** Arcseconds. */
          trailLength: Type.Optional(Type.Array(Path)),
          /** 0 (a point) to 1 (extended); or, as `pointlike`, the other way round. */
          extendedness: Type.Optional(Type.Array(Path)),
          pointlike: Type.Optional(Path),
          /** The nearest object of the survey's reference catalogue: its id, and how many arcseconds away; below 0, or an id of 0, is none. */
          reference: Type.Optional(Type.Object({ id: Path, arcsec: Path }, { additionalProperties: false })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)

type StreamConfig = Static<typeof StreamSchema>

/** A survey's stream. All paths are dotted field names of its alert schema. */
export interface Stream {
  readonly name: string
  readonly topic: string
  readonly alertId: readonly string[]
  readonly visit: { readonly path: string; readonly divideBy?: bigint }
  readonly timeMs: readonly { readonly path: string; readonly scale: TimeScale }[]
  readonly object?: string
  readonly facts?: NonNullable<StreamConfig['facts']>
}

/** A stream from its configuration. Throws HubError HUB_STREAM_INVALID naming every bad setting. */
export const parseStream = (config: unknown): Stream => {
  if (!Value.Check(StreamSchema, config)) {
    const reasons = Value.Errors(StreamSchema, config).map(({ instancePath, message }) => `${instancePath} ${message}`)
    throw new HubError('HUB_STREAM_INVALID', `The stream's definition is not valid: ${reasons.join('; ')}`)
  }
  const { visit, ...rest }: StreamConfig = config
  const { path, divideBy } = visit
  return { ...rest, visit: divideBy === undefined ? { path } : { path, divideBy: BigInt(divideBy) } }
}

const lsst = parseStream({
  name: 'lsst',
  topic: 'lsst-alerts-v11',
  alertId: ['diaSourceId', 'alertId', 'diaSource.diaSourceId'],
  visit: { path: 'diaSource.visit' },
  timeMs: [
    { path: 'diaSource.midpointMjdTai', scale: 'mjd-tai' },
    { path: 'diaSource.midPointTai', scale: 'mjd-tai' },
  ],
  object: 'diaSource.diaObjectId',
  facts: {
    object: ['diaSource.diaObjectId', 'diaSource.ssObjectId'],
    ra: ['diaSource.ra'],
    dec: ['diaSource.dec', 'diaSource.decl'],
    band: ['diaSource.band', 'diaSource.filterName'],
    flux: ['diaSource.psfFlux', 'diaSource.psFlux'],
    fluxErr: ['diaSource.psfFluxErr', 'diaSource.psFluxErr'],
    snr: ['diaSource.snr'],
    reliability: ['diaSource.reliability'],
    known: [
      { path: 'diaObject.nDiaSources', above: 1 },
      { path: 'diaSource.ssObjectId', above: 0 },
    ],
    history: 'prvDiaSources',
    historyTime: ['midpointMjdTai', 'midPointTai'],
    firstTime: ['diaObject.firstDiaSourceMjdTai'],
    detections: ['diaObject.nDiaSources'],
    solarSystem: { id: 'diaSource.ssObjectId' },
    scienceFlux: ['diaSource.scienceFlux', 'diaSource.totFlux'],
    scienceFluxErr: ['diaSource.scienceFluxErr', 'diaSource.totFluxErr'],
    trailLength: ['diaSource.trailLength'],
    extendedness: ['diaSource.extendedness'],
    // Until version 7.4; later ones have none.
    reference: { id: 'diaObject.nearbyObj1', arcsec: 'diaObject.nearbyObj1Dist' },
  },
})

// A ZTF pid names a readout channel of an exposure; its first digits name the exposure.
const ztf = parseStream({
  name: 'ztf',
  topic: 'ztf-alerts',
  alertId: ['candid'],
  visit: { path: 'candidate.pid', divideBy: 10_000 },
  timeMs: [{ path: 'candidate.jd', scale: 'jd-utc' }],
  object: 'objectId',
  facts: {
    object: ['objectId'],
    ra: ['candidate.ra'],
    dec: ['candidate.dec'],
    band: ['candidate.fid'],
    bandNames: { '1': 'g', '2': 'r', '3': 'i' },
    magnitude: { value: 'candidate.magpsf', error: 'candidate.sigmapsf', positive: 'candidate.isdiffpos' },
    reliability: ['candidate.drb', 'candidate.rb'],
    // Counts this detection; the list of earlier candidates has upper limits too, and goes back 30 days.
    known: [{ path: 'candidate.ndethist', above: 1 }],
    history: 'prv_candidates',
    historyTime: ['jd'],
    historyDetection: 'candid',
    firstTime: ['candidate.jdstarthist'],
    detections: ['candidate.ndethist'],
    // The nearest within 30 arcseconds; as brokers of ZTF have it, below 5 it is the object itself.
    solarSystem: { id: 'candidate.ssnamenr', within: { path: 'candidate.ssdistnr', arcsec: 5 } },
    pointlike: 'candidate.classtar',
    reference: { id: 'candidate.objectidps1', arcsec: 'candidate.distpsnr1' },
  },
})

/** The streams that are built in, by name. */
export const STREAMS: Readonly<Record<string, Stream>> & { readonly lsst: Stream; readonly ztf: Stream } = { lsst, ztf }

/** The stream that is meant where none is named: a bare `/v1/alerts/{id}` is one of its alerts, and its objects of the archive have no prefix. */
export const DEFAULT_STREAM = 'lsst'
