// What the survey of a chaos run sends in a visit: framed packets of a schema that changes from time to time, and containers of small alerts.
import { framePacket, openSyntheticSource, readFrame } from '#hub'
import { type SurveyRecord } from '../../processes/upstream/survey.fixture.ts'

/** Alerts of a container. */
const ALERTS_A_FILE = 3
/** After so many visits the survey's packets have another schema. */
const VISITS_A_SCHEMA = 4
const FIRST_SCHEMA = 5000
/** A tenth of a cutout's usual size. */
const CUTOUT_CHARS = 20_000

const CONTAINER_SCHEMA = {
  type: 'record',
  name: 'alert',
  namespace: 'ztf',
  fields: [
    { name: 'objectId', type: 'string' },
    { name: 'candid', type: 'long' },
    { name: 'cutout', type: 'string' },
  ],
}

const synthetic = openSyntheticSource()

export interface SurveyVisit {
  readonly schemaId: number
  /** Of the framed packets; another one for each id, that reads the same bytes. */
  readonly schemaJson: string
  /** Whether the visit is the first with its schema. */
  readonly isNewSchema: boolean
  readonly framed: readonly SurveyRecord[]
  readonly containers: readonly SurveyRecord[]
}

/** `visit` from 0; as many alerts of either kind. */
export const surveyVisit = (visit: number, alerts: number, partitions: number): SurveyVisit => {
  const timestamp = Date.now()
  const schemaId = FIRST_SCHEMA + Math.floor(visit / VISITS_A_SCHEMA)
  const framed = Array.from({ length: alerts }, (_, at): SurveyRecord => {
    const { body } = readFrame(synthetic.packet(1000 + visit, at).packet)
    return { partition: at % partitions, timestamp, value: framePacket(schemaId, body) }
  })
  const containers = Array.from({ length: Math.ceil(alerts / ALERTS_A_FILE) }, (_, file): SurveyRecord => ({
    partition: file % partitions,
    timestamp,
    schema: CONTAINER_SCHEMA,
    codec: file % 2 === 0 ? 'null' : 'deflate',
    alerts: Array.from({ length: ALERTS_A_FILE }, (_alert, at) => {
      const candid = visit * 1_000_000 + file * ALERTS_A_FILE + at
      return { objectId: `ZTF${candid}`, candid, cutout: 'x'.repeat(CUTOUT_CHARS) }
    }),
  }))
  const schemaJson = withField(synthetic.schemaJson, `of${schemaId}`)
  return { schemaId, schemaJson, isNewSchema: visit % VISITS_A_SCHEMA === 0, framed, containers }
}

/** With a field more, which takes no bytes. */
const withField = (schemaJson: string, name: string): string => {
  const schema = JSON.parse(schemaJson) as { readonly fields: readonly object[] }
  return JSON.stringify({ ...schema, fields: [...schema.fields, { name, type: 'null' }] })
}
