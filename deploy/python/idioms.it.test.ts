// Python records against fastavro's dicts of the same packets: what authors do with a decoded alert gives the same here, whichever columns were carried at first.
import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fieldsOf, openBatchBuilder, openSyntheticSource, parseSchema, readFrame, STREAMS } from '#hub'
import { columnsOffered } from '#filters'
import { expect, test } from 'vitest'
import { pythonVenvIn } from '../setup/python-venv.ts'
import { CACHE_DIR } from '../start/layout.ts'

const ALERTS = 6
const EXPRESSIONS = 1500

const cells = (...parts: readonly (Float64Array | BigInt64Array)[]): Buffer =>
  Buffer.concat(parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)))
const padded = (bytes: Uint8Array): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 7)])

test('any idiom gives on a record what it gives on fastavro’s dict of the same packet', async () => {
  const source = openSyntheticSource()
  const schema = parseSchema(source.schemaJson)
  const set = columnsOffered(fieldsOf(schema), true)
  const builder = openBatchBuilder({ stream: STREAMS.lsst, set, maxRows: ALERTS })
  const packets: string[] = []
  for (let i = 0; i < ALERTS; i++) {
    const { schemaId, body } = readFrame(source.packet(7, i * 31).packet)
    builder.add(body, schemaId, schema, Date.UTC(2026, 0, 1))
    packets.push(Buffer.from(body).toString('base64'))
  }
  const { rows, times, ids, columns, lists, text, binary } = builder.take()
  const ring = join(mkdtempSync(join(tmpdir(), 'skysieve-idioms-')), 'ring')
  const listed = lists.flatMap(({ starts, counts, columns: own }) => [starts, counts, ...own])
  const texts = new Uint8Array(text.buffer, text.byteOffset, text.byteLength)
  writeFileSync(
    ring,
    Buffer.concat([cells(times), cells(ids), cells(...columns), cells(...listed), padded(texts), padded(binary)]),
  )
  const message = {
    rows,
    offset: 0,
    items: lists.map(({ items }) => items),
    textUnits: text.length,
    binaryBytes: binary.length,
  }
  const guest = join(import.meta.dirname, '../../sandbox/guest/python')
  const python = join(pythonVenvIn(CACHE_DIR), 'bin/python3')
  const script = join(import.meta.dirname, 'compare_records.py')
  const run = promisify(execFile)(python, ['-B', script], { maxBuffer: 1 << 26 })
  run.child.stdin?.end(
    JSON.stringify({ schema: source.schemaJson, packets, set, message, ring, guest, expressions: EXPRESSIONS }),
  )
  const { stdout } = await run
  const { compared, raised, mostRuns, differences } = JSON.parse(stdout) as {
    readonly compared: number
    readonly raised: number
    readonly mostRuns: number
    readonly differences: readonly unknown[]
  }
  expect(differences).toEqual([])
  expect(compared).toBeGreaterThan(EXPRESSIONS)
  // Most expressions come to a value, and some must raise the same error.
  expect(raised / compared).toBeGreaterThan(0.02)
  expect(raised / compared).toBeLessThan(0.5)
  expect(mostRuns).toBeGreaterThan(1)
}, 300_000)
