// The whole API against what its OpenAPI document says, by schemathesis: nothing it sends may make the API fail, or answer otherwise than described.
// FUZZ_SECONDS and FUZZ_EXAMPLES make it longer (`npm run fuzz`); FUZZ_SEED repeats a run.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { pythonVenvIn } from '../../setup/python-venv.ts'
import { CACHE_DIR } from '../../paths.ts'
import { type TestInstance, openTestInstance } from './instance.fixture.ts'
import { makeSmallArchive, smallArchiveIds } from './small-archive.fixture.ts'

/** The short form sends the same on every machine: nothing that goes on until a time is over, or that follows the answers. */
const { FUZZ_SECONDS } = process.env
const SCOPE = FUZZ_SECONDS === undefined ? ['--phases', 'examples,coverage,fuzzing'] : ['--max-time', FUZZ_SECONDS]
const LIMIT_MS = Number(FUZZ_SECONDS ?? 60) * 3000 + 60_000
const EXAMPLES = Number(process.env['FUZZ_EXAMPLES'] ?? 3)
const SEED = Number(process.env['FUZZ_SEED'] ?? 6)
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
]
const ALERTS = 5

let instance: TestInstance
let url: string

beforeAll(async () => {
  instance = await openTestInstance(inject('kafka'), {
    archive: dir => makeSmallArchive(dir, ALERTS),
    // It is to reach the routes, not their limits.
    settings: { requestsPerMinute: 1_000_000, bytesPerMinute: 1e12, filtersPerAccount: 100_000 },
  })
  await instance.startRedis()
  url = (await instance.open()).url
})
afterAll(() => instance?.close())

interface Parameter {
  readonly name: string
  readonly in: string
  schema: object
}

/** The API's own document, in which an alert's id is often one that is there. */
async function document(): Promise<object> {
  const text = await (await fetch(`${url}/v1/openapi.json`)).text()
  const document: { paths: Record<string, Record<string, { parameters?: Parameter[] }>> } = JSON.parse(text)
  const ids = smallArchiveIds(ALERTS).map(String)
  for (const [path, methods] of Object.entries(document.paths))
    for (const { parameters = [] } of Object.values(methods))
      for (const parameter of parameters)
        if (path.includes('/alerts/{id}') && parameter.name === 'id')
          parameter.schema = { anyOf: [{ enum: ids }, parameter.schema] }
  return document
}

test(
  'nothing that follows or breaks the document makes the API fail or answer otherwise than described',
  { timeout: LIMIT_MS },
  async () => {
    const file = join(instance.dir, 'openapi.json')
    writeFileSync(file, JSON.stringify(await document()))
    const config = join(instance.dir, 'schemathesis.toml')
    writeFileSync(config, `headers = { Authorization = "Bearer ${instance.adminToken}" }\n`, { mode: 0o600 })
    const options = ['--url', url, '--checks', CHECKS.join(','), '--max-examples', String(EXAMPLES)]
    const pace = ['--seed', String(SEED), '--suppress-health-check', 'all']
    const { code, output } = await run([
      '--config-file',
      config,
      'run',
      file,
      ...options,
      ...pace,
      ...SCOPE,
      '--continue-on-failure',
      '--warnings',
      'off',
    ])
    expect(code, output).toBe(0)
  },
)

function run(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const program = join(pythonVenvIn(CACHE_DIR, 'fuzz'), 'bin/schemathesis')
  const child = spawn(program, args, { cwd: instance.dir, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code, output }))
  })
}
