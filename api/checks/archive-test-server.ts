// An application over a real archive on local files, for tests and benches: no broker, no other part of a system behind it.
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { type Redis } from 'ioredis'
import { Value } from 'typebox/value'
import {
  type ArchiveSettings,
  framePacket,
  indexFile,
  openSkyIndex,
  openStore,
  openSyntheticSource,
  packetKey,
  readFrame,
  schemaKey,
  type SkyRow,
  STREAMS,
} from '#hub'
import { openArchives } from '../archive/archives.ts'
import { type AccountRecord, type AccountsValue, accountsKey } from '../control/account-records.ts'
import { hashToken, mintToken } from '../accounts/bearer-token.ts'
import { openControlState } from '../control/control-state.ts'
import { buildApp } from '../http/app.ts'
import { type App } from '../http/requests/typed-app.ts'
import { type Platform } from '../platform.ts'
import { ApiSettings } from '../settings.ts'

export const SCHEMA_ID = 1100
const ADMIN_TOKEN = 'sky_0000000000_administrator0000000'

/** A packet to archive, as it was published. */
export interface TestPacket {
  readonly stream?: string
  readonly row: Omit<SkyRow, 'bytes'>
  readonly packet: Buffer
}

/** Alerts of the synthetic survey's first visit. */
export function syntheticPackets(alerts: number): TestPacket[] {
  const source = openSyntheticSource({ seed: 6 })
  return Array.from({ length: alerts }, (_, number) => {
    const { packet, alert, alertId, visit } = source.packet(0, number)
    const { diaSource } = alert
    return {
      packet,
      row: {
        id: alertId,
        objectId: diaSource['diaObjectId'] === null ? undefined : String(diaSource['diaObjectId']),
        visit,
        mjdTai: diaSource.midpointMjdTai,
        band: diaSource.band ?? undefined,
        raDeg: Number(diaSource['ra']),
        decDeg: Number(diaSource['dec']),
      },
    }
  })
}

/** Puts packets and schemas into an archive in `dir`. */
export async function fillArchive(
  dir: string,
  packets: readonly TestPacket[],
  schemas: ReadonlyMap<number, string> = new Map([[SCHEMA_ID, openSyntheticSource({ seed: 6 }).schemaJson]]),
): Promise<ArchiveSettings> {
  const settings: ArchiveSettings = { dir, store: { kind: 'files' } }
  const store = await openStore(settings)
  for (const [stream, all] of Map.groupBy(packets, ({ stream = 'lsst' }) => stream)) {
    const rows: SkyRow[] = []
    for (const { row, packet } of all) {
      const zipped = gzipSync(packet)
      await store.put(packetKey(stream, row.id), zipped)
      rows.push({ ...row, bytes: zipped.length })
    }
    for (const [id, json] of schemas) await store.put(schemaKey(stream, id), Buffer.from(json))
    const index = openSkyIndex(indexFile(settings, stream))
    index.add(rows)
    index.close()
  }
  await store.sync()
  await store.close()
  return settings
}

export interface ArchiveTestServerOptions {
  readonly archive?: ArchiveSettings
  readonly redis?: Redis
  /** Of the one account, `reader`. */
  readonly limits?: Partial<AccountRecord['limits']>
}

export interface ArchiveTestServer {
  readonly app: App
  /** Of an account that may read the archive and nothing else. */
  readonly token: string
  readonly adminToken: string
  close(): Promise<void>
}

/** Builds it; whoever wants to reach it from outside listens. */
export async function openArchiveTestServer({
  archive,
  redis,
  limits,
}: ArchiveTestServerOptions): Promise<ArchiveTestServer> {
  const { id, token } = mintToken()
  const createdAt = new Date().toISOString()
  const account: AccountRecord = {
    kind: 'account',
    id: 'reader',
    scopes: ['read:alertdb'],
    limits: { filters: 1, requestsPerMinute: 1_000_000, bytesPerMinute: 1e12, ...limits },
    createdAt,
  }
  const records: AccountsValue[] = [
    account,
    {
      kind: 'token',
      id,
      account: 'reader',
      label: 'archive-test-server',
      sha256: hashToken(token),
      scopes: account.scopes,
      createdAt,
    },
  ]
  const controlState = openControlState(
    {
      accounts: new Map(records.map(record => [accountsKey(record), record])),
      filters: new Map(),
      status: new Map(),
      nodes: new Map(),
    },
    createHash('sha256').update(ADMIN_TOKEN).digest('hex'),
  )
  const settings = Value.Parse(ApiSettings, Value.Default(ApiSettings, { url: 'http://127.0.0.1' }))
  const archives = archive && (await openArchives(archive, Object.keys(STREAMS)))
  // Routes of the archive touch no other part.
  const audit = { write: () => Promise.resolve() }
  const platform = { settings, controlState, archives, audit, nowMs: Date.now } as Partial<Platform> as Platform
  const app = await buildApp({ platform, ...(redis === undefined ? {} : { limitStore: redis }) })
  return {
    app,
    token,
    adminToken: ADMIN_TOKEN,
    async close() {
      await app.close()
      await archives?.close()
    },
  }
}

/** A packet with another schema id in its frame. */
export const reframed = (packet: Buffer, schemaId: number): Buffer => framePacket(schemaId, readFrame(packet).body)
