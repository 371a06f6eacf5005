// `skysieve alert` against an API that listens, over a real archive.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  fillArchive,
  openArchiveTestServer,
  type ArchiveTestServer,
  syntheticPackets,
} from '../../checks/archive-test-server.ts'
import { runCli } from '../run.ts'

const packets = syntheticPackets(3)
const [first] = packets as [(typeof packets)[0]]
const id = String(first.row.id)
let dir: string
let server: ArchiveTestServer
let url: string

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'skysieve-cli-'))
  server = await openArchiveTestServer({ archive: await fillArchive(join(dir, 'archive'), packets) })
  url = await server.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await server?.close()
  rmSync(dir, { recursive: true, force: true })
})

const run = async (...argv: readonly string[]) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const texts = [buffer(stdout), buffer(stderr)]
  const exitCode = await runCli([...argv, '--url', url], {
    stdin: Readable.from([]),
    stdout,
    stderr,
    directory: dir,
    configDirectory: join(dir, 'config'),
    color: false,
    token: server.token,
    openSandbox: () => Promise.reject(new Error('no command here runs filters')),
  })
  stdout.end()
  stderr.end()
  const [out = Buffer.alloc(0), err = Buffer.alloc(0)] = await Promise.all(texts)
  return { exitCode, out, err: err.toString() }
}

test('an alert comes as JSON, as some of its fields, as its history, or as its packet', async () => {
  expect(JSON.parse((await run('alert', 'get', id)).out.toString())).toMatchObject({ diaSourceId: id })
  expect(JSON.parse((await run('alert', 'get', id, '--fields', 'diaSourceId')).out.toString())).toEqual({
    diaSourceId: id,
  })
  expect(JSON.parse((await run('alert', 'get', id, '--history')).out.toString())).toHaveProperty('prvDiaSources')
  expect(gunzipSync((await run('alert', 'get', id, '--packet')).out).equals(first.packet)).toBe(true)
  expect((await run('alert', 'get', '1')).err).toMatch('API_ALERT_UNKNOWN')
})

test('a cutout goes to stdout or into a file, whose ending says in which form', async () => {
  expect((await run('alert', 'cutout', id, 'science')).out.toString('latin1', 0, 6)).toBe('SIMPLE')
  const { exitCode } = await run('alert', 'cutout', id, 'science', '--out', 'stamp.png', '--size', '90')
  expect(exitCode).toBe(0)
  expect(readFileSync(join(dir, 'stamp.png')).toString('latin1', 1, 4)).toBe('PNG')
  expect((await run('alert', 'cutout', id, 'elsewhere')).exitCode).toBe(2)
})

test('a search finds, stops at its limit, and tells what is wrong with it', async () => {
  const visit = String(first.row.visit)
  expect(JSON.parse((await run('alert', 'search', '--visit', visit)).out.toString())).toHaveLength(3)
  const some = await run('alert', 'search', '--visit', visit, '--limit', '2')
  expect(JSON.parse(some.out.toString())).toHaveLength(2)
  expect(some.err).toMatch('more than 2')
  const { raDeg, decDeg } = first.row
  const cone = ['--ra', String(raDeg), '--dec', String(decDeg), '--radius', '0.0001']
  expect(JSON.parse((await run('alert', 'search', ...cone)).out.toString())).toMatchObject([{ id }])
  expect((await run('alert', 'search', '--ra', '1', '--dec', '-30.5', '--radius', '0.1')).exitCode).toBe(0)
  expect((await run('alert', 'search', '--object', 'none', '--expect-match')).exitCode).toBe(4)
  const wrong = await run('alert', 'search', '--ra', '1')
  expect([wrong.exitCode, wrong.err]).toEqual([2, expect.stringMatching(/dec and radius is missing/)])
})
