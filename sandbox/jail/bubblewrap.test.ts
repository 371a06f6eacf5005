// What code that has broken out of V8 finds: arbitrary JavaScript in the host process, with isolates loaded, trying everything it should not be able to do.
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { openSync, closeSync } from 'node:fs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildRuntimeFiles, type RuntimeFiles } from '../isolate/runtime-files.ts'
import { openBubblewrapJail } from './bubblewrap.ts'
import { nodeFlags, type Jail } from './jail.ts'
import { type OnForbidden } from './seccomp.ts'

// Starting processes takes long on a busy machine; that must not decide a test.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const PROBE = join(import.meta.dirname, 'escape-probe.mjs')

let dir: string
let files: RuntimeFiles
const server = createServer(socket => socket.destroy())
let connections = 0
server.on('connection', () => connections++)

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'skysieve-jail-'))
  files = buildRuntimeFiles(dir)
  copyFileSync(PROBE, join(files.code, 'escape-probe.mjs'))
  writeFileSync(join(dir, 'secret'), 'a secret of the data directory')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => {
  server.close()
  rmSync(dir, { recursive: true, force: true })
})

interface Run {
  readonly said: string
  readonly code: number | null
}

/** Runs the probe as a host; `only` names a single act. */
async function runProbe(onForbidden: OnForbidden, only = ''): Promise<Run> {
  const jail: Jail = openBubblewrapJail({ dir: mkdtempSync(join(dir, 'jail-')), onForbidden })
  const ringPath = join(dir, 'ring')
  writeFileSync(ringPath, 'ring')
  writeFileSync(join(dir, 'intent'), '')
  const ring = openSync(ringPath, 'r')
  const intent = openSync(join(dir, 'intent'), 'w')
  const confined = jail.start({
    files: { ...files, entry: 'escape-probe.mjs' },
    nodeFlags: nodeFlags({ jit: false }),
    ring,
    intent,
    memoryMb: 512,
  })
  closeSync(ring)
  closeSync(intent)
  const { child } = confined
  const address = server.address() as { port: number }
  const target = { port: address.port, pid: process.pid, secret: join(dir, 'secret'), only }
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => (errors += piece))
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(`${JSON.stringify(target)}\n`)
  const ended = once(child, 'close') as Promise<[number | null]>
  const said = await text(child.stdout as NodeJS.ReadableStream)
  const [code] = await ended
  confined.dispose()
  await jail.close()
  return { said: said || errors, code }
}

test('a broken host reads, writes, connects, starts, signals and traces nothing', async () => {
  const { said, code } = await runProbe('errno')
  expect({ code, said }).toMatchObject({ code: 0 })
  const found = JSON.parse(said) as Record<string, string>
  const reached = Object.entries(found).filter(([, outcome]) => !outcome.startsWith('refused'))
  expect(reached).toEqual([['isolates', 'work']])
  expect(Object.keys(found).length).toBeGreaterThan(25)
  expect(connections).toBe(0)
})

test.each(['connect', 'spawn', 'signal parent', 'change mode of ring', 'become root'])(
  'in kill mode, to %s ends it at once',
  async act => {
    const { code } = await runProbe('kill', act)
    expect(code).toBe(128 + 31)
  },
)

test('in kill mode, what a host needs is allowed', async () => {
  const { said, code } = await runProbe('kill', 'isolates')
  expect({ code, said }).toMatchObject({ code: 0 })
  expect(JSON.parse(said)).toEqual({ isolates: 'work' })
})
