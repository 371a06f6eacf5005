// An archive of a few synthetic alerts, as the archiver would have left it.
import { gzipSync } from 'node:zlib'
import {
  type ArchiveSettings,
  indexFile,
  openSkyIndex,
  openStore,
  openSyntheticSource,
  packetKey,
  schemaKey,
  type SkyRow,
} from '#hub'

/** The ids of its alerts: the first of the synthetic survey's first visit. */
export const smallArchiveIds = (alerts: number): bigint[] =>
  Array.from({ length: alerts }, (_, number) => openSyntheticSource().packet(0, number).alertId)

/** Makes it in `dir`, for the default stream. */
export async function makeSmallArchive(dir: string, alerts: number): Promise<ArchiveSettings> {
  const settings: ArchiveSettings = { dir, store: { kind: 'files' } }
  const source = openSyntheticSource()
  const store = await openStore(settings)
  const rows: SkyRow[] = []
  for (let number = 0; number < alerts; number++) {
    const { alertId, visit, packet, alert } = source.packet(0, number)
    const zipped = gzipSync(packet)
    await store.put(packetKey('lsst', alertId), zipped)
    const { ra, dec, diaObjectId, midpointMjdTai: mjdTai, band } = alert.diaSource
    const objectId = diaObjectId === null ? undefined : String(diaObjectId)
    const place = { raDeg: Number(ra), decDeg: Number(dec) }
    rows.push({ id: alertId, visit, mjdTai, band: band ?? undefined, objectId, bytes: zipped.length, ...place })
  }
  await store.put(schemaKey('lsst', source.schemaId), Buffer.from(source.schemaJson))
  await store.sync()
  await store.close()
  const index = openSkyIndex(indexFile(settings, 'lsst'))
  index.add(rows)
  index.close()
  return settings
}
