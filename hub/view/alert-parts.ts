// In: a decoded alert. Out: one of its three cutouts as it came, or its history.
import { type AvroSchema, nullableOf } from '../avro/schema/node.ts'
import { HubError } from '../errors.ts'

export const CUTOUTS = ['difference', 'science', 'template'] as const
export type CutoutName = (typeof CUTOUTS)[number]

const FIELDS: Record<CutoutName, string> = {
  difference: 'cutoutDifference',
  science: 'cutoutScience',
  template: 'cutoutTemplate',
}
/** Where ZTF and early Rubin schemas, whose cutouts are records, have the image. */
const STAMP = 'stampData'

/** The bytes of a cutout as they came, FITS or gzipped FITS; undefined where the alert has none. Throws HubError HUB_CUTOUT_INVALID. */
export function cutoutOf(alert: Readonly<Record<string, unknown>>, name: CutoutName): Buffer | undefined {
  const field = alert[FIELDS[name]]
  const bytes: unknown = typeof field === 'object' && field !== null && STAMP in field ? field[STAMP] : field
  if (bytes === null || bytes === undefined) return undefined
  if (Buffer.isBuffer(bytes)) return bytes
  throw new HubError('HUB_CUTOUT_INVALID', `The field ${FIELDS[name]} of the alert is no image: it has no bytes`)
}

/** Every list of an alert by name: earlier detections, forced photometry, limits. A list that is null in the alert is null here. */
export function historyOf({ root }: AvroSchema, alert: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const lists = root.fields.filter(({ node }) => nullableOf(node)?.value.kind === 'array')
  return Object.fromEntries(lists.map(({ name }) => [name, alert[name] ?? null]))
}
