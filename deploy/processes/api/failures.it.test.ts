import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { type Api } from '#api'
import { openProducer } from '#hub'
import { type Answer, ask } from './ask.fixture.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'

const kafka = inject('kafka')
const GOOD = 'export const filter = alert => alert.diaSource.psfFlux > 0'
/** Legal, but its trial takes about a second. */
const SLOW =
  'export function filter(alert) {\n  let x = alert.diaSource.psfFlux\n  for (let i = 0; i < 40000; i++) x += i % 3\n  return x > 0\n}'

let instance: TestInstance
const open: Api[] = []
const children: ChildProcess[] = []

const call = (url: string, method: string, path: string, body?: unknown): Promise<Answer> =>
  ask(method, url + path, { token: instance.adminToken, body })
const submit = (url: string, name: string, source = GOOD) =>
  call(url, 'POST', '/v1/filters', { name, language: 'javascript', source })

async function until<T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask()
    if (holds(value)) return value
    await sleep(50)
  }
}
const untilStage = (url: string, id: string, ...stages: readonly string[]) =>
  until(
    () => call(url, 'GET', `/v1/filters/${id}`),
    ({ body }) => stages.includes(body.stage),
  )

async function openAnother(): Promise<Api> {
  const api = await instance.open()
  open.push(api)
  return api
}

beforeAll(async () => {
  instance = await openTestInstance(kafka)
  await instance.startRedis()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map(api => api.close()))
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await instance?.close()
})

test('without Redis submissions are refused with a reason and everything else goes on; with it they are taken again', async () => {
  const api = await openAnother()
  const { url } = api
  const live = (await submit(url, 'before')).body.id
  await untilStage(url, live, 'starting')
  await instance.killRedis()
  const refused = await submit(url, 'during')
  expect(refused).toMatchObject({ status: 503, body: { code: 'API_QUEUE_DOWN' } })
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await call(url, 'PATCH', `/v1/filters/${live}`, { state: 'paused' })).status).toBe(200)
  expect((await api.checks()).find(({ name }) => name === 'redis')).toMatchObject({
    ok: false,
    reason: expect.stringContaining('Redis'),
  })
  await instance.startRedis()
  const taken = await until(
    () => submit(url, 'after'),
    ({ status }) => status !== 503,
  )
  await untilStage(url, taken.body.id, 'starting')
})

test('a submission that was written down but never queued is queued by whoever leads next', async () => {
  const id = 'f0lost00001'
  const now = new Date().toISOString()
  const manifest = {
    id,
    name: 'lost',
    owner: 'admin',
    description: '',
    stream: 'lsst',
    cap: 20,
    policy: 'first',
    start: 'now',
    cutouts: false,
    versions: [{ number: 1, language: 'javascript', source: GOOD, sha256: 'x', createdAt: now }],
    active: 1,
    state: 'submitted',
    problems: [],
    placement: null,
    generation: 1,
    trust: 'new',
    createdAt: now,
    updatedAt: now,
  }
  const producer = await openProducer(kafka.hub, { clientId: 'api-test' })
  await producer.send([{ topic: 'skysieve.filters', key: id, value: JSON.stringify(manifest) }])
  await producer.close()
  const { url } = await openAnother()
  expect((await untilStage(url, id, 'starting')).body).toMatchObject({
    state: 'active',
    placement: { mirror: 'node1' },
  })
})

test('of two instances either takes writes, and when the leading one goes the other leads', async () => {
  const first = await openAnother()
  await until(
    () => submit(first.url, 'through first'),
    ({ status }) => status === 201,
  )
  const second = await openAnother()
  const both = [first, second]
  for (const { url } of both) {
    const name = `by ${new URL(url).port}`
    const made = await until(
      () => submit(url, name),
      ({ status }) => status === 201 || status === 409,
    )
    for (const other of both) await untilStage(other.url, made.body.id, 'starting')
  }
  open.splice(open.indexOf(first), 1)
  await first.close()
  const after = await until(
    () => submit(second.url, 'after first'),
    ({ status }) => status !== 503,
  )
  expect(after.status).toBe(201)
})

test('an API process that is killed in the middle of a trial goes on with it when it is started again', async () => {
  const { config, port } = await instance.processConfig()
  const file = join(instance.dir, 'api.json')
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  const url = `http://127.0.0.1:${port}`
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), '--config', file], { stdio: 'ignore' })
    children.push(child)
    await until(
      () =>
        fetch(`http://127.0.0.1:${config.opsPort}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      ready => ready,
    )
    return child
  }
  const child = await start()
  const { body } = await until(
    () => submit(url, 'killed', SLOW),
    ({ status }) => status === 201,
  )
  await untilStage(url, body.id, 'trying')
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  const again = await start()
  expect((await untilStage(url, body.id, 'starting')).body).toMatchObject({ state: 'active', problems: [] })
  const stopped = new Promise(resolve => again.once('exit', resolve))
  again.kill('SIGTERM')
  await stopped
  expect(again.exitCode).toBe(0)
})
