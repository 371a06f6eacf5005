import { createHash } from 'node:crypto'
import { writeFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { framePacket, openAdmin, openArchive, openStore } from '#hub'
import { mountSmallDisk } from '../../e2e/small-disk.ts'
import { openArchiving, until, visit } from './archiving.fixture.ts'

const { hub } = inject('kafka')
let archiving: Awaited<ReturnType<typeof openArchiving>>
beforeEach(async () => {
  archiving = await openArchiving(hub)
})
afterEach(() => archiving.close())

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
/** Ids in an order of their own. */
const sorted = (ids: readonly bigint[]): string[] => ids.map(String).toSorted()
const archived = async (id: bigint): Promise<string | undefined> => {
  const packet = await archiving.archive.packet(id)
  return packet === undefined ? undefined : sha256(gunzipSync(packet))
}

test('every packet of a visit is archived byte for byte, indexed, and announced once when it can be read', async () => {
  const alerts = visit(3, 60)
  const archiver = await archiving.start()
  await archiving.send(alerts.map(({ packet }) => packet))
  await until(async () => (await archiving.notices()).length >= alerts.length)
  const notices = await archiving.notices()
  expect(sorted(notices.map(({ alertId }) => alertId))).toEqual(sorted(alerts.map(({ alertId }) => alertId)))
  for (const { alertId, packet, alert, visit: exposure } of alerts) {
    expect(await archived(alertId)).toBe(sha256(packet))
    const { diaSource } = alert
    const known = { visit: exposure, ra: diaSource.ra, dec: diaSource.dec, band: diaSource.band }
    expect(notices.find(notice => notice.alertId === alertId)).toMatchObject({
      ...known,
      packetBytes: packet.length,
      schemaId: 1100,
      uri: `/v1/streams/${archiving.stream.name}/alerts/${alertId}`,
    })
  }
  expect(archiver.index.byVisit(alerts[0]!.visit, { limit: 100 }).rows).toHaveLength(60)
  expect(archiver.problem()).toBeUndefined()
  await archiver.close()
})

test('a packet that was sent twice has one notice, one with other bytes is set aside, unreadable ones are dead letters', async () => {
  const [first, second, third] = visit(4, 3)
  const other = Buffer.from(first!.packet)
  other[other.length - 1] = (other.at(-1) ?? 0) ^ 1
  const unknown = framePacket(4242, Buffer.from('no schema'))
  const archiver = await archiving.start()
  await archiving.send([first!.packet])
  await until(async () => (await archiving.notices()).length === 1)
  const bad = [other, Buffer.from('noise'), second!.packet.subarray(0, 99), unknown]
  await archiving.send([first!.packet, ...bad, second!.packet, third!.packet])
  await until(async () => (await archiving.notices()).length >= 3 && (await archiving.deadLetters()).length >= 3)
  expect(archiver.conflicts()).toBe(1)
  await archiver.close()
  const noticed = (await archiving.notices()).map(({ alertId }) => alertId)
  expect(sorted(noticed)).toEqual(sorted([first, second, third].map(one => one!.alertId)))
  const conflicts = await Array.fromAsync(archiving.store.list(`${archiving.stream.name}/v2/conflicts/`))
  expect(conflicts).toEqual([expect.stringContaining(`/${first!.alertId}/${sha256(other)}`)])
  expect(await archived(first!.alertId)).toBe(sha256(first!.packet))
  const reasons = (await archiving.deadLetters()).map(({ headers }) => String(new Map(headers).get('skysieve-reason')))
  expect(reasons.toSorted()).toEqual(['HUB_AVRO_TRUNCATED', 'HUB_PACKET_MAGIC', 'HUB_SCHEMA_INVALID'])
})

test('an archive that cannot be written to stops the reading, says why, and goes on by itself without a loss', async () => {
  const alerts = visit(5, 40)
  const obstacle = join(archiving.dir, 'objects', archiving.stream.name)
  await writeFile(obstacle, 'a file where a folder has to be: not even root can write there')
  const archiver = await archiving.start()
  await archiving.send(alerts.map(({ packet }) => packet))
  await until(() => archiver.problem()?.startsWith('Storing') === true)
  expect(await archiving.notices()).toEqual([])
  await rm(obstacle)
  await until(async () => (await archiving.notices()).length >= alerts.length)
  expect(archiver.problem()).toBeUndefined()
  for (const { alertId, packet } of alerts) expect(await archived(alertId)).toBe(sha256(packet))
  await archiver.close()
})

test.each(['files', 'segments'] as const)(
  'a full volume (%s) is told as such, and with room again everything is archived',
  async kind => {
    const dir = join(archiving.dir, `volume-${kind}`)
    const disk = mountSmallDisk(dir, 16)
    try {
      const store = await openStore({ dir, store: { kind } })
      // The obstacle is met in the midst of the work.
      const [early, late] = [visit(10, 5), visit(11, 30)]
      const archiver = await archiving.start({ store })
      await archiving.send(early.map(({ packet }) => packet))
      await until(async () => (await archiving.notices()).length === 5)
      disk.fill()
      await archiving.send(late.map(({ packet }) => packet))
      await until(() => archiver.problem()?.includes('full') === true)
      expect(await archiving.notices()).toHaveLength(5)
      disk.free()
      await until(async () => (await archiving.notices()).length >= 35)
      const found = openArchive({ store, stream: archiving.stream.name })
      for (const { alertId, packet } of [...early, ...late])
        expect(sha256(gunzipSync((await found.packet(alertId)) ?? ''))).toBe(sha256(packet))
      await archiver.close()
      await store.close()
    } finally {
      disk.close()
    }
  },
)

test('the next archiver goes on where the last one committed, and its group shows how far it is', async () => {
  const alerts = visit(6, 30)
  const first = await archiving.start()
  await archiving.send(alerts.slice(0, 10).map(({ packet }) => packet))
  await until(async () => (await archiving.notices()).length === 10)
  await first.close()
  await archiving.send(alerts.slice(10).map(({ packet }) => packet))
  const second = await archiving.start()
  await until(async () => (await archiving.notices()).length >= 30)
  expect(new Set((await archiving.notices()).map(({ alertId }) => alertId)).size).toBe(30)
  const admin = openAdmin(hub)
  const ends = await admin.offsets(archiving.stream.topic, 'latest')
  await until(async () => {
    const shown = await admin.groupOffsets(hub.user, archiving.stream.topic)
    return [...ends].every(([partition, end]) => end === 0n || shown.get(partition) === end)
  })
  await admin.close()
  await second.close()
})

test('an archiver that was taken over ends and says so', async () => {
  const first = await archiving.start()
  await until(() => first.problem() === undefined)
  const second = await archiving.start()
  await until(() => second.problem() === undefined)
  const [alert] = visit(7, 1)
  await archiving.send([alert!.packet])
  await expect(first.ended).rejects.toMatchObject({ code: 'HUB_FENCED' })
  await until(async () => (await archiving.notices()).length === 1)
  await Promise.all([first.close(), second.close()])
})

test('above its size the archive loses what came first, from the index too', async () => {
  const alerts = visit(8, 30)
  const archiver = await archiving.start({ maxBytes: 700_000 })
  await archiving.send(alerts.map(({ packet }) => packet))
  await until(async () => (await archiving.notices()).length >= 30)
  await until(() => archiver.index.totals().bytes <= 700_000)
  const left = archiver.index.all({ limit: 100 }).rows.map(({ id }) => id)
  expect(left.length).toBeGreaterThan(0)
  expect(sorted(await Array.fromAsync(archiving.archive.ids()))).toEqual(sorted(left))
  await archiver.close()
})
