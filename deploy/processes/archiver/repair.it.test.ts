import { rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { backFill, openFileStore, openSkyIndex, packetKey, parseSchema, reindexArchive, verifyArchive } from '#hub'
import { openArchiving, synthetic, until, visit } from './archiving.fixture.ts'

const { hub } = inject('kafka')
const alerts = visit(9, 40)
const schema = parseSchema(synthetic.schemaJson)
const schemaOf = (id: number) => (id === synthetic.schemaId ? schema : undefined)
let archiving: Awaited<ReturnType<typeof openArchiving>>
const fileOf = (at: number): string =>
  join(archiving.dir, 'objects', packetKey(archiving.stream.name, alerts[at]!.alertId))
const idOf = (at: number): string => String(alerts[at]!.alertId)
const verify = () => verifyArchive({ access: hub, stream: archiving.stream, store: archiving.store, schemaOf })
const CLEAN = { missing: 0, different: 0, unannounced: 0, announcedTwice: 0 }

beforeAll(async () => {
  archiving = await openArchiving(hub)
  const archiver = await archiving.start()
  await archiving.send([...alerts, alerts[0]!].map(({ packet }) => packet))
  await archiving.send([Buffer.from('noise')])
  await until(async () => (await archiving.notices()).length >= 40 && (await archiving.deadLetters()).length > 0)
  await archiver.close()
})
afterAll(() => archiving.close())

test('an archive that is whole is found so, whatever else was on the topic', async () => {
  expect(await verify()).toMatchObject({
    packets: 42,
    pending: 0,
    identical: 40,
    repeats: 1,
    unreadable: 1,
    counts: CLEAN,
  })
})

test('what is missing, torn or altered is named; a back-fill mends what is missing or torn and leaves what was altered to people', async () => {
  rmSync(fileOf(1))
  writeFileSync(fileOf(2), (await readFile(fileOf(2))).subarray(0, 50))
  writeFileSync(fileOf(3), gzipSync('other bytes'))
  const broken = await verify()
  expect(broken.missing).toEqual([idOf(1)])
  expect(broken.different.toSorted()).toEqual([idOf(2), idOf(3)].toSorted())
  const store = await openFileStore(join(archiving.dir, 'objects'))
  const index = openSkyIndex(join(archiving.dir, 'index.sqlite'))
  const progress: number[] = []
  const filled = await backFill({
    access: hub,
    stream: archiving.stream,
    store,
    index,
    schemaOf,
    onProgress: (done, of) => progress.push(done / of),
  })
  index.close()
  expect(filled).toMatchObject({ packets: 42, stored: 1, healed: 1, conflicts: 1, unreadable: 1 })
  expect(progress.at(-1)).toBe(1)
  expect(await verify()).toMatchObject({ aside: 1, counts: CLEAN })
  expect(await archiving.notices()).toHaveLength(40)
})

test('an index that was lost is built again, and loses what the archive no longer has', async () => {
  const index = openSkyIndex(join(archiving.dir, 'again.sqlite'))
  index.add([{ id: 5n, bytes: 1 }])
  rmSync(fileOf(7))
  const { stream, store } = archiving
  const found = await reindexArchive({ stream, store, index })
  // The altered object of the test before is no packet.
  expect(found).toEqual({ packets: 39, added: 38, removed: 1, unreadable: [idOf(3)] })
  expect(index.byVisit(alerts[0]!.visit, { limit: 100 }).rows).toHaveLength(38)
  expect(await reindexArchive({ stream, store, index })).toMatchObject({ added: 0, removed: 0 })
  index.close()
})
