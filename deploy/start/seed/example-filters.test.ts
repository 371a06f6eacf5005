// What a start does while the API that it submits the examples to is slow, busy or refuses.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { examples } from '#filters'
import { type ExamplesOptions, submitExamples } from './example-filters.ts'

interface Submission {
  readonly name: string
}
type Answers = (submission: Submission, tried: number) => { readonly status: number; readonly body: object }

const JAVASCRIPT = examples().filter(({ language }) => language !== 'python')
const view = ({ name }: Submission) => ({ id: `f-${name}`, name, stage: 'live', problems: [] })
const accepts: Answers = submission => ({ status: 201, body: view(submission) })

let server: Server
let dataDir: string
let notes: string[]
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'skysieve-examples-'))
  notes = []
})
afterEach(() => {
  server.close().closeAllConnections()
  rmSync(dataDir, { recursive: true, force: true })
})

/** An API of one node that answers submissions so. */
const openApi = async (answers: Answers): Promise<ExamplesOptions> => {
  const tries = new Map<string, number>()
  const made = new Map<string, object>()
  const answer = async (request: IncomingMessage): Promise<{ readonly status: number; readonly body: object }> => {
    if (request.url === '/v1/nodes') return { status: 200, body: { items: [{ silentShards: [], reached: true }] } }
    if (request.method !== 'POST') return { status: 200, body: { items: [...made.values()] } }
    const submission = (await json(request)) as Submission
    const tried = tries.get(submission.name) ?? 0
    tries.set(submission.name, tried + 1)
    const given = answers(submission, tried)
    if (given.status === 201) made.set(submission.name, given.body)
    return given
  }
  server = createServer((request, response) => {
    void answer(request).then(({ status, body }) => {
      // Status 0: no answer at all.
      if (status === 0) request.socket.destroy()
      else response.writeHead(status).end(JSON.stringify(body))
    })
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const note = (text: string): void => void notes.push(text)
  return { apiUrl: `http://127.0.0.1:${port}`, adminToken: 'sky_test', dataDir, nodes: 1, python: false, note }
}

const submitted = (): string => readFileSync(join(dataDir, 'examples-submitted'), 'utf8')
const never = new AbortController().signal

test('examples that meet a busy API, or none, are submitted all the same', async () => {
  const busy = { status: 503, body: { detail: 'try again in a few seconds' } }
  const away = { status: 0, body: {} }
  const options = await openApi((submission, tried) => [busy, away][tried] ?? accepts(submission, tried))
  await submitExamples(options, never)
  expect(submitted().trim().split('\n')).toHaveLength(JAVASCRIPT.length)
  expect(notes).toEqual([])
})

test('an example that the API refuses is told and left out, and the others run', async () => {
  const detail = 'There is a filter of that name.'
  const options = await openApi((submission, tried) =>
    submission.name === 'asteroids' ? { status: 409, body: { detail } } : accepts(submission, tried),
  )
  await submitExamples(options, never)
  expect(notes).toEqual([`  example asteroids is left out: ${detail}`])
  expect(submitted()).not.toContain('asteroids')
  expect(submitted().trim().split('\n')).toHaveLength(JAVASCRIPT.length - 1)
})

test('examples that take long hold a start no longer than a while, and go on by themselves', async () => {
  const limits = { areReached: true }
  const options = await openApi((submission, tried) =>
    limits.areReached ? { status: 429, body: {} } : accepts(submission, tried),
  )
  await submitExamples(options, never, 200)
  expect(notes).toEqual(['  the example filters take long; they go on by themselves'])
  expect(existsSync(join(dataDir, 'examples-submitted'))).toBe(false)
  limits.areReached = false
  while (!existsSync(join(dataDir, 'examples-submitted'))) await new Promise(resolve => setTimeout(resolve, 50))
  expect(submitted().trim().split('\n')).toHaveLength(JAVASCRIPT.length)
})

test('where no node is beside the hub a start does not wait for the examples: they run once a node has joined', async () => {
  const limits = { areReached: true }
  const options = await openApi((submission, tried) =>
    limits.areReached ? { status: 503, body: {} } : accepts(submission, tried),
  )
  await submitExamples({ ...options, nodes: 0 }, never)
  expect(notes).toEqual(['  the example filters wait for the first node'])
  limits.areReached = false
  while (!existsSync(join(dataDir, 'examples-submitted'))) await new Promise(resolve => setTimeout(resolve, 50))
})

test('an API that answers in another form ends no start', async () => {
  const options = await openApi(() => ({ status: 201, body: { what: 'else' } }))
  await submitExamples(options, never)
  expect(notes.join()).toMatch(/the example filters are left out: the API answered with 201/)
})
