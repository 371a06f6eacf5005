// The surveys' own packets, where they lie beside the repository: every one as JSON, with its history and its images, against the manifests.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { assembleSchema } from '../avro/schema/assemble-schema.ts'
import { readContainer } from '../avro/decode/container-reader.ts'
import { type AvroSchema } from '../avro/schema/node.ts'
import { decodeAlert } from '../avro/decode/decode-alert.ts'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { readFrame } from '../packet-frame.ts'
import { alertJson } from './alert-json.ts'
import { isGzipped, readFits } from './read-fits.ts'
import { cutoutOf, historyOf, type CutoutName } from './alert-parts.ts'

const data = join(import.meta.dirname, '../../../shared/data')
const FOLDERS: Record<number, string> = { 701: '7/1', 704: '7/4', 900: '9/0', 1000: '10/0' }
/** In which order the manifests name the sizes. */
const ORDER: readonly CutoutName[] = ['difference', 'science', 'template']

interface Line {
  readonly file: string
  readonly schema_id: number
  readonly alert_id: string
  readonly n_prv: number | null
  readonly cut: readonly number[]
}
const lines = (manifest: string): Line[] =>
  readFileSync(join(data, manifest), 'utf8')
    .trim()
    .split('\n')
    .map((line): Line => JSON.parse(line))

interface Images {
  readonly bytes: Buffer
  readonly sides: readonly (readonly [number, number])[]
}
const imagesOf = (alert: Record<string, unknown>): Images[] =>
  ORDER.map(name => {
    const bytes = cutoutOf(alert, name) ?? Buffer.alloc(0)
    return { bytes, sides: readFits(bytes).map(({ image }) => [image?.width ?? 0, image?.height ?? 0]) }
  })

describe.runIf(existsSync(data))('packets of the surveys', () => {
  test('LSST: all schema versions, images of 30 to 102 pixels with variance and PSF', async () => {
    const schemas = new Map<number, AvroSchema>()
    for (const [id, folder] of Object.entries(FOLDERS))
      schemas.set(Number(id), parseSchema(await assembleSchema(join(data, 'schemas/lsst', folder))))
    for (const line of lines('lsst.jsonl')) {
      const { schemaId, body } = readFrame(readFileSync(join(data, line.file)))
      const schema = schemas.get(schemaId) ?? expect.unreachable(line.file)
      const alert = decodeAlert(schema, body)
      const json = JSON.stringify(alertJson(alert))
      expect(json).toContain(`"${line.alert_id}"`)
      expect((historyOf(schema, alert)['prvDiaSources'] as unknown[] | null)?.length ?? null).toBe(line.n_prv)
      const images = imagesOf(alert)
      expect(images.map(({ bytes }) => bytes.length)).toEqual(line.cut)
      for (const { sides } of images) {
        // Variance is as large as the image; a PSF at an edge need not be square.
        expect(new Set(sides.slice(0, 2).flat()).size).toBe(1)
        expect(sides).toHaveLength(3)
        expect(sides[0]?.[0]).toBeGreaterThanOrEqual(30)
        expect(sides[0]?.[0]).toBeLessThanOrEqual(102)
      }
    }
  })
  test('ZTF: gzipped images of 63 by 63 pixels, fewer at the edge of a detector', () => {
    const schemas = new Map<string, AvroSchema>()
    for (const line of lines('ztf.jsonl')) {
      const { schemaJson, datums } = readContainer(readFileSync(join(data, line.file)))
      const schema = schemas.get(schemaJson) ?? parseSchema(schemaJson)
      schemas.set(schemaJson, schema)
      const alert = decodeAlert(schema, datums[0] ?? Buffer.alloc(0))
      expect(JSON.stringify(alertJson(alert))).toContain(`"${line.alert_id}"`)
      const images = imagesOf(alert)
      expect(images.map(({ bytes }) => bytes.length)).toEqual(line.cut)
      for (const { bytes, sides } of images) {
        expect(isGzipped(bytes)).toBe(true)
        expect(sides).toEqual([[expect.any(Number), 63]])
        expect(sides[0]?.[0]).toBeGreaterThanOrEqual(44)
        expect(sides[0]?.[0]).toBeLessThanOrEqual(63)
      }
    }
  })
})
