// How many alerts a second the archiver's own part stores: read, compressed, written, flushed and indexed in groups of 256, as before each commit; the
// broker's part is not in it. Options: --packets 2000, --level 1, --stores files,segments,s3, --dir DIR.
// The environment of the archiver's process is given by `npm run bench -- archive`.
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openFileStore } from '../archive/store/file-store.ts'
import { startS3Server } from '../archive/store/s3-server.fixture.ts'
import { openS3Store } from '../archive/store/s3-store.ts'
import { openSegmentStore } from '../archive/store/segment-store.ts'
import { openBatchArchiver, type PacketAt } from '../archive/ingest/archive-batch.ts'
import { openSkyIndex } from '../archive/index/sky-index.ts'
import { type ArchiveStore } from '../archive/store/store-interface.ts'
import { collectRarely, openSyntheticSource, parseSchema, quantileOf, STREAMS } from '../index.ts'

const GROUP = 256
const MB = 1e6

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '2000' },
    level: { type: 'string', default: '1' },
    stores: { type: 'string', default: 'files,segments,s3' },
    dir: { type: 'string', default: tmpdir() },
  },
})
// As the archiver's process does.
collectRarely()
const count = Number(values.packets)
const source = openSyntheticSource({ seed: 1 })
const schema = parseSchema(source.schemaJson)
const packets: PacketAt[] = Array.from({ length: count }, (_, at) => ({
  partition: 0,
  offset: BigInt(at),
  timestampMs: 0,
  value: source.packet(0, at).packet,
  headers: {},
}))
const sizes = packets.map(({ value }) => value.length).toSorted((a, b) => a - b)

const dir = await mkdtemp(join(values.dir, 'skysieve-bench-archive-'))

const measure = async (name: string, store: ArchiveStore) => {
  const index = openSkyIndex(join(dir, `${name}.sqlite`))
  const batchArchiver = openBatchArchiver({
    stream: STREAMS.lsst,
    store,
    index,
    schemaOf: () => schema,
    level: Number(values.level),
  })
  const cpu = process.cpuUsage()
  const begunMs = performance.now()
  // As the archiver does it: a group is flushed and indexed while the next one is being compressed.
  let committing: Promise<void> = Promise.resolve()
  for (let from = 0; from < count; from += GROUP) {
    const outcomes = await batchArchiver.archiveBatch(packets.slice(from, from + GROUP))
    await committing
    const rows = outcomes.flatMap(one => ('row' in one ? [one.row] : []))
    committing = store.sync().then(() => {
      index.add(rows)
      batchArchiver.indexed(rows)
    })
  }
  await committing
  const seconds = (performance.now() - begunMs) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const { alerts, bytes } = index.totals()
  if (alerts !== count) throw new Error(`${name} has ${alerts} of ${count} alerts`)
  index.close()
  await store.close()
  const result = { perSecond: count / seconds, cpuMs: (user + system) / 1000 / count, megabytes: bytes / MB }
  console.error(`${name}: ${result.perSecond.toFixed(0)}/s, ${result.cpuMs.toFixed(2)} ms of CPU each`)
  return result
}

const s3 = async (): Promise<Awaited<ReturnType<typeof measure>>> => {
  const server = await startS3Server()
  try {
    return await measure('s3', openS3Store(server.settings('bench')))
  } finally {
    await server.close()
  }
}

try {
  const wanted = values.stores.split(',')
  const files = wanted.includes('files') ? await measure('files', await openFileStore(join(dir, 'files'))) : undefined
  const segments = wanted.includes('segments')
    ? await measure('segments', await openSegmentStore(join(dir, 'segments')))
    : undefined
  const onS3 = wanted.includes('s3') ? await s3() : undefined
  const round = (value: number | undefined): number | undefined => value && Math.round(value * 100) / 100
  console.log(
    JSON.stringify({
      bench: 'archive-writing',
      writePerSecondFiles: round(files?.perSecond),
      writePerSecondSegments: round(segments?.perSecond),
      writePerSecondS3: round(onS3?.perSecond),
      cpuMsFiles: round(files?.cpuMs),
      cpuMsSegments: round(segments?.cpuMs),
      cpuMsS3: round(onS3?.cpuMs),
      packets: count,
      packetBytesMedian: quantileOf(sizes, 0.5),
      compressedMb: round(files?.megabytes ?? segments?.megabytes),
      gzipLevel: Number(values.level),
      s3Server: onS3 === undefined ? undefined : 'S3Mock on the same machine',
      cpus: cpus().length,
      cpu: cpus()[0]?.model,
      node: process.version,
    }),
  )
} finally {
  await rm(dir, { recursive: true, force: true })
}
