// The archive over HTTP: read by Python's clients, and its maintenance jobs, done by the leading instance with just the API's ACLs, on a real topic.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { framePacket, openAdmin, openProducer, openSyntheticSource, readFrame, STREAMS } from '#hub'
import { pythonVenvIn } from '../../setup/python-venv.ts'
import { CACHE_DIR } from '../../paths.ts'
import { ask } from './ask.fixture.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'
import { makeSmallArchive, smallArchiveIds } from './small-archive.fixture.ts'

const { hub, node } = inject('kafka')
const ARCHIVED = 4
const PUBLISHED = 6
const TOPICS = [STREAMS.lsst.topic, 'lsst-notices', 'skysieve.archive']
let instance: TestInstance
let url: string

interface Job {
  readonly id: string
  readonly state: string
  readonly result: Record<string, unknown> | null
}

const call = async (method: string, path: string, body?: object): Promise<{ status: number; body: Job }> =>
  ask(method, url + path, { token: instance.adminToken, body })
/** The job when it has ended. */
const done = async (chore: string): Promise<Job> => {
  for (;;) {
    const begun = await call('POST', '/v1/archive/jobs', { chore })
    if (begun.status !== 503) {
      expect(begun.status).toBe(202)
      let job = begun.body
      while (job.state === 'waiting' || job.state === 'active') {
        await sleep(100)
        job = (await call('GET', `/v1/archive/jobs/${job.id}`)).body
      }
      return job
    }
    await sleep(200)
  }
}

beforeAll(async () => {
  instance = await openTestInstance(
    { hub, node },
    { archive: dir => makeSmallArchive(dir, ARCHIVED), withoutNode: true },
  )
  const admin = openAdmin(hub)
  await admin.deleteTopics(TOPICS)
  await admin.createTopics(TOPICS.map(name => ({ name })))
  await admin.close()
  const source = openSyntheticSource()
  const producer = await openProducer(hub, { clientId: 'archive-jobs' })
  const registered = { subject: 'alert-packet', version: 1, id: source.schemaId, schema: source.schemaJson }
  await producer.send([
    {
      topic: '_schemas',
      key: JSON.stringify({ keytype: 'SCHEMA', subject: 'alert-packet', version: 1, magic: 1 }),
      value: JSON.stringify({ ...registered, deleted: false }),
    },
  ])
  const packets = Array.from({ length: PUBLISHED }, (_, number) => source.packet(0, number).packet)
  const lost = framePacket(4242, readFrame(packets[0] ?? Buffer.alloc(0)).body)
  await producer.send([...packets, lost].map(value => ({ topic: STREAMS.lsst.topic, value })))
  await producer.close()
  await instance.startRedis()
  url = (await instance.open()).url
})
afterAll(() => instance?.close())

test('holes are filled from the topic, what was there is told, and a second time nothing is left to do', async () => {
  const first = await done('fill')
  expect(first).toMatchObject({
    state: 'done',
    result: { packets: PUBLISHED + 1, stored: PUBLISHED - ARCHIVED, repeats: ARCHIVED, unreadable: 1 },
  })
  expect((await done('fill')).result).toMatchObject({ stored: 0, repeats: PUBLISHED })
  const { alertId, visit } = openSyntheticSource().packet(0, PUBLISHED - 1)
  const headers = { authorization: `Bearer ${instance.adminToken}` }
  expect((await fetch(`${url}/v1/alerts/${alertId}`, { headers })).status).toBe(200)
  const found = (await (await fetch(`${url}/v1/alerts?visit=${visit}`, { headers })).json()) as { items: unknown[] }
  expect(found.items).toHaveLength(PUBLISHED)
})

test('the archive is compared with its topic, and its index is built anew', async () => {
  expect(await done('verify')).toMatchObject({ state: 'done', result: { stream: 'lsst' } })
  expect((await done('reindex')).result).toMatchObject({ packets: PUBLISHED, added: 0, removed: 0 })
  const list = await call('GET', '/v1/archive/jobs')
  expect(list.body).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ chore: 'reindex' })]) })
})

test('Python’s requests and fastavro read packets, schemas, images and container files', async () => {
  const ids = smallArchiveIds(ARCHIVED).map(String)
  const python = join(pythonVenvIn(CACHE_DIR), 'bin/python3')
  const run = promisify(execFile)(python, [join(import.meta.dirname, 'read_archive.py')])
  run.child.stdin?.end(JSON.stringify({ url, token: instance.adminToken, ids }))
  const { stdout } = await run
  expect(JSON.parse(stdout)).toEqual({ found: ids, contained: ids, listed: ids })
})

test('of an unknown stream, an unknown job, or by somebody who is no administrator, there is none', async () => {
  expect((await call('POST', '/v1/archive/jobs', { chore: 'verify', stream: 'sky' })).body).toMatchObject({
    code: 'API_ARCHIVE_UNKNOWN',
  })
  expect((await call('GET', '/v1/archive/jobs/nothing')).body).toMatchObject({ code: 'API_ARCHIVE_JOB_UNKNOWN' })
  expect((await call('POST', '/v1/archive/jobs', { chore: 'paint' })).status).toBe(400)
})
