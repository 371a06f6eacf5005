// Python records against fastavro's dicts of the same packets: what authors do with a decoded alert gives the same here, whichever columns were carried at first.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { columnsOffered } from '#filters'
import { assembleSchema, fieldsOf, openBatchBuilder, openSyntheticSource, parseSchema, readFrame, STREAMS } from '#hub'
import { expect, test } from 'vitest'
import { pythonVenvIn } from '../setup/python-venv.ts'
import { CACHE_DIR } from '../paths.ts'

const ALERTS = 6
const EXPRESSIONS = 1000
const DATA = resolve(import.meta.dirname, '../../../shared/data')

interface Compared {
  readonly compared: number
  readonly raised: number
  readonly mostRuns: number
  readonly differences: readonly unknown[]
}

const cells = (...parts: readonly (Float64Array | BigInt64Array)[]): Buffer =>
  Buffer.concat(parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)))
const padded = (bytes: Uint8Array): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 7)])

/** Compares every idiom on packets of one schema, whose bodies are given without frames. */
async function compare(schemaJson: string, bodies: readonly Uint8Array[]): Promise<Compared> {
  const schema = parseSchema(schemaJson)
  const set = columnsOffered(fieldsOf(schema), true)
  const builder = openBatchBuilder({ stream: STREAMS.lsst, set, maxRows: ALERTS })
  for (const body of bodies) builder.add(body, 1, schema, Date.UTC(2026, 0, 1))
  const { rows, times, ids, columns, lists, text, binary } = builder.take()
  expect(rows).toBe(bodies.length)
  const ring = join(mkdtempSync(join(tmpdir(), 'skysieve-idioms-')), 'ring')
  const listed = lists.flatMap(({ starts, counts, columns: own }) => [starts, counts, ...own])
  const texts = new Uint8Array(text.buffer, text.byteOffset, text.byteLength)
  const parts = [cells(times), cells(ids), cells(...columns), cells(...listed), padded(texts), padded(binary)]
  writeFileSync(ring, Buffer.concat(parts))
  const message = {
    rows,
    offset: 0,
    items: lists.map(({ items }) => items),
    textUnits: text.length,
    binaryBytes: binary.length,
  }
  const python = join(pythonVenvIn(CACHE_DIR), 'bin/python3')
  const script = join(import.meta.dirname, 'compare_records.py')
  const run = promisify(execFile)(python, ['-B', script], { maxBuffer: 1 << 26 })
  const packets = bodies.map(body => Buffer.from(body).toString('base64'))
  const guest = join(import.meta.dirname, '../../sandbox/guest/python')
  run.child.stdin?.end(
    JSON.stringify({ schema: schemaJson, packets, set, message, ring, guest, expressions: EXPRESSIONS }),
  )
  const { stdout } = await run
  return JSON.parse(stdout) as Compared
}

/** What must be so for a comparison to say anything: most expressions come to a value, some raise an error, and some reach what is not carried. */
const isTelling = ({ compared, raised, mostRuns }: Compared): boolean =>
  compared > EXPRESSIONS && raised > 0.02 * compared && raised < 0.5 * compared && mostRuns > 1

test('any idiom gives on a record what it gives on fastavro’s dict of the same packet', async () => {
  const source = openSyntheticSource()
  const bodies = Array.from({ length: ALERTS }, (_, i) => readFrame(source.packet(7, i * 31).packet).body)
  const result = await compare(source.schemaJson, bodies)
  expect(result.differences).toEqual([])
  expect(isTelling(result)).toBe(true)
}, 300_000)

test.runIf(existsSync(DATA))(
  'so it does on packets of the survey',
  async () => {
    const lines = readFileSync(join(DATA, 'lsst.jsonl'), 'utf8').trim().split('\n')
    const files = lines.flatMap(line => /"file":"(lsst\/1000\/[^"]+)"/.exec(line)?.[1] ?? []).slice(0, ALERTS)
    const bodies = files.map(file => readFrame(readFileSync(join(DATA, file))).body)
    const result = await compare(await assembleSchema(join(DATA, 'schemas/lsst/10/0')), bodies)
    expect(result.differences).toEqual([])
    expect(isTelling(result)).toBe(true)
  },
  300_000,
)
