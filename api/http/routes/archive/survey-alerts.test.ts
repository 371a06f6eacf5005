// The surveys' own packets, where they lie beside the repository, through the archive's routes: ids, hashes and images against the manifests.
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { PNG } from 'pngjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assembleSchema, framePacket, readContainer, readFits } from '#hub'
import {
  fillArchive,
  openArchiveTestServer,
  type ArchiveTestServer,
  type TestPacket,
} from '../../../checks/archive-test-server.ts'

const data = join(import.meta.dirname, '../../../../../shared/data')
const FOLDERS: Readonly<Record<number, string>> = { 701: '7/1', 704: '7/4', 900: '9/0', 1000: '10/0' }
const ZTF_SCHEMA = 100_000
const OF_EACH = 3
/** In which order the manifests name the sizes. */
const CUTOUTS = ['difference', 'science', 'template']

interface Line {
  readonly file: string
  readonly schema_id?: number
  readonly alert_id: string
  readonly sha256: string
  readonly n_prv: number | null
  readonly cut: readonly number[]
}
/** The first lines of each schema of a manifest. */
const lines = (manifest: string): Line[] => {
  const all = readFileSync(join(data, manifest), 'utf8').trim().split('\n')
  const bySchema = Map.groupBy(
    all.map((line): Line => JSON.parse(line)),
    line => line.schema_id,
  )
  return [...bySchema.values()].flatMap(of => of.slice(0, OF_EACH))
}

describe.runIf(existsSync(data))('packets of the surveys', () => {
  let dir: string
  let server: ArchiveTestServer
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'skysieve-survey-'))
    const schemas = new Map<number, string>()
    for (const [id, folder] of Object.entries(FOLDERS))
      schemas.set(Number(id), await assembleSchema(join(data, 'schemas/lsst', folder)))
    const lsst = lines('lsst.jsonl').map((line): TestPacket => ({
      row: { id: BigInt(line.alert_id) },
      packet: readFileSync(join(data, line.file)),
    }))
    const ztf = lines('ztf.jsonl').map((line): TestPacket => {
      const { schemaJson, datums } = readContainer(readFileSync(join(data, line.file)))
      schemas.set(ZTF_SCHEMA, schemaJson)
      const packet = framePacket(ZTF_SCHEMA, datums[0] ?? Buffer.alloc(0))
      return { stream: 'ztf', row: { id: BigInt(line.alert_id) }, packet }
    })
    server = await openArchiveTestServer({ archive: await fillArchive(dir, [...lsst, ...ztf], schemas) })
  })
  afterAll(async () => {
    await server?.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const ask = (url: string) => server.app.inject({ url, headers: { authorization: `Bearer ${server.token}` } })

  test('LSST: the packet’s hash, its history and its images', async () => {
    for (const { alert_id: id, sha256, n_prv, cut } of lines('lsst.jsonl')) {
      const packet = gunzipSync((await ask(`/v1/alerts/${id}`)).rawPayload)
      expect(createHash('sha256').update(packet).digest('hex')).toBe(sha256)
      const history = (await ask(`/v1/alerts/${id}/history`)).json()
      expect(history.prvDiaSources?.length ?? null).toBe(n_prv)
      for (const [at, name] of CUTOUTS.entries()) {
        const fits = await ask(`/v1/alerts/${id}/cutouts/${name}`)
        expect([fits.headers['content-type'], fits.rawPayload.length]).toEqual(['application/fits', cut[at]])
        const png = PNG.sync.read((await ask(`/v1/alerts/${id}/cutouts/${name}.png`)).rawPayload)
        const image = readFits(fits.rawPayload)[0]?.image
        expect([png.width, png.height]).toEqual([image?.width, image?.height])
      }
    }
  })
  test('ZTF: its images stay gzipped, and are PNGs all the same', async () => {
    for (const { alert_id: id, cut } of lines('ztf.jsonl')) {
      expect((await ask(`/v1/streams/ztf/alerts/${id}?format=json&fields=candid`)).json()).toEqual({ candid: id })
      for (const [at, name] of CUTOUTS.entries()) {
        const path = `/v1/streams/ztf/alerts/${id}/cutouts/${name}`
        const fits = await ask(path)
        expect([fits.headers['content-type'], fits.rawPayload.length]).toEqual(['application/gzip', cut[at]])
        expect(PNG.sync.read((await ask(`${path}.png`)).rawPayload).height).toBe(63)
      }
    }
  })
})
