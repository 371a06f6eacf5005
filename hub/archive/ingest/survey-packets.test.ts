// The surveys' own packets, where they lie beside the repository (../shared/data), through the archive: what comes out is what went in.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { assembleSchema } from '../../avro/schema/assemble-schema.ts'
import { readContainer } from '../../avro/decode/container-reader.ts'
import { type AvroSchema } from '../../avro/schema/node.ts'
import { parseSchema } from '../../avro/schema/parse-schema.ts'
import { framePacket, readFrame } from '../../packet-frame.ts'
import { type Stream, STREAMS } from '../../streams.ts'
import { openArchive } from '../store/archive-reader.ts'
import { openSegmentStore } from '../store/segment-store.ts'
import { openBatchArchiver, sha256Of } from './archive-batch.ts'
import { openSkyIndex } from '../index/sky-index.ts'

const DATA = join(import.meta.dirname, '../../../../shared/data')
const dir = mkdtempSync(join(tmpdir(), 'skysieve-survey-'))
afterAll(() => rmSync(dir, { recursive: true }))

interface Line {
  readonly file: string
  readonly alert_id: string
  readonly visit: string
  readonly sha256: string
  readonly ra: number
  readonly dec: number
}
const lines = (file: string): Line[] =>
  readFileSync(join(DATA, file), 'utf8')
    .trim()
    .split('\n')
    .map((line): Line => JSON.parse(line))

/** Archives packets in one batch; answers the archive and its index. */
const archive = async (stream: Stream, packets: readonly Buffer[], schemas: ReadonlyMap<number, AvroSchema>) => {
  const store = await openSegmentStore(join(dir, stream.name))
  const index = openSkyIndex(join(dir, `${stream.name}.sqlite`))
  const batchArchiver = openBatchArchiver({ stream, store, index, schemaOf: id => schemas.get(id) })
  const outcomes = await batchArchiver.archiveBatch(
    packets.map((value, at) => ({ partition: 0, offset: BigInt(at), timestampMs: 0, value, headers: {} })),
  )
  index.add(outcomes.flatMap(one => ('row' in one ? [one.row] : [])))
  return { outcomes, index, archive: openArchive({ store, stream: stream.name }), store }
}

describe.runIf(existsSync(DATA))('packets of the surveys in the archive', { timeout: 30_000 }, () => {
  test('Rubin’s, of every schema version, come out with the manifest’s hashes and are found at their places', async () => {
    const expected = lines('lsst.jsonl')
    const packets = expected.map(({ file }) => readFileSync(join(DATA, file)))
    const schemas = new Map<number, AvroSchema>()
    for (const id of new Set(packets.map(packet => readFrame(packet).schemaId))) {
      const folder = join(DATA, 'schemas/lsst', String(Math.floor(id / 100)), String(id % 100))
      schemas.set(id, parseSchema(await assembleSchema(folder)))
    }
    const opened = await archive(STREAMS.lsst, packets, schemas)
    for (const { alert_id, sha256, ra, dec } of expected) {
      const packet = gunzipSync((await opened.archive.packet(BigInt(alert_id))) ?? '')
      expect(sha256Of(packet)).toBe(sha256)
      const { rows } = opened.index.cone({ raDeg: ra, decDeg: dec, radiusDeg: 1e-6, limit: 1000 })
      expect(rows.map(({ id }) => String(id))).toContain(alert_id)
    }
    for (const [id, schema] of schemas) expect(await opened.archive.schema(id)).toBe(schema.text)
    await opened.store.close()
  })

  test('ZTF’s come out byte for byte, and each visit has as many as the manifest says', async () => {
    // Nearly every file has a schema text of its own, which takes longest.
    const expected = lines('ztf.jsonl').filter((_, at) => at % 5 === 0)
    const containers = expected.map(({ file }) => readContainer(readFileSync(join(DATA, file))))
    const ids = new Map<string, number>()
    for (const { schemaJson } of containers) if (!ids.has(schemaJson)) ids.set(schemaJson, 100_000 + ids.size)
    const schemas = new Map([...ids].map(([text, id]) => [id, parseSchema(text)]))
    const packets = containers.map(({ schemaJson, datums }) =>
      framePacket(ids.get(schemaJson) ?? 0, datums[0] ?? Buffer.alloc(0)),
    )
    const opened = await archive(STREAMS.ztf, packets, schemas)
    const kinds = opened.outcomes.map(({ kind }) => kind)
    for (const [at, { alert_id }] of expected.entries()) {
      const packet = gunzipSync((await opened.archive.packet(BigInt(alert_id))) ?? '')
      // Some alerts are there twice, as two distributors framed them.
      if (kinds[at] !== 'conflict') expect(packet.equals(packets[at]!)).toBe(true)
    }
    for (const [visit, ofVisit] of Map.groupBy(expected, ({ visit }) => visit)) {
      const alerts = new Set(ofVisit.map(({ alert_id }) => alert_id))
      const { rows } = opened.index.byVisit(BigInt(visit), { limit: 1000 })
      expect(new Set(rows.map(({ id }) => String(id)))).toEqual(alerts)
    }
    await opened.store.close()
  })
})
