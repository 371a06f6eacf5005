// Packets as fastavro writes them, by schemas that registries take and readers are strict about: registered, read by columns, decoded.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { decodeAlert, fieldsOf, openBatchBuilder, parseSchema, parseStream } from '#hub'
import { pythonVenvIn } from '../../setup/python-venv.ts'
import { CACHE_DIR } from '../../paths.ts'

const candidate = (magpsf: unknown) => ({
  type: 'record',
  name: 'candidate',
  fields: [
    { name: 'jd', type: 'double' },
    { name: 'pid', type: 'long' },
    { name: 'magpsf', type: magpsf },
  ],
})
const alertOf = (namespace: string, first: unknown, ...more: object[]) => ({
  type: 'record',
  name: 'alert',
  namespace,
  fields: [{ name: 'candid', type: 'long' }, { name: 'candidate', type: first }, ...more],
})
const one = { jd: 2_461_375.5, pid: 990_000_000_007, magpsf: 17.5 }

const CASES = [
  {
    what: 'a namespace with a dash',
    schema: alertOf('survey-table.v1', candidate('float')),
    alert: { candid: 7, candidate: one },
    columns: ['candidate.magpsf'],
  },
  {
    what: 'a named type in an object',
    schema: alertOf('bug.named', candidate('float'), { name: 'again', type: { type: 'bug.named.candidate' } }),
    // fastavro wants the plain spelling; the bytes are the same.
    written: alertOf('bug.named', candidate('float'), { name: 'again', type: 'bug.named.candidate' }),
    alert: { candid: 7, candidate: one, again: one },
    columns: ['candidate.magpsf', 'again.magpsf'],
  },
  {
    what: 'lists and values of unions of one',
    schema: alertOf('bug.items', candidate(['float']), {
      name: 'prv_candidates',
      type: [{ type: 'array', items: ['candidate'] }, 'null'],
    }),
    alert: { candid: 7, candidate: one, prv_candidates: [one, one] },
    columns: ['candidate.magpsf', 'prv_candidates[].magpsf'],
  },
]

const WRITE = `
import io, json, sys, fastavro
for case in json.load(sys.stdin):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(case["schema"]), case["alert"])
    print(out.getvalue().hex())
`

test('what fastavro writes by them is read', async () => {
  const child = spawn(join(pythonVenvIn(CACHE_DIR), 'bin/python3'), ['-c', WRITE], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(JSON.stringify(CASES.map(({ schema, written = schema, alert }) => ({ schema: written, alert }))))
  const bodies = (await text(child.stdout)).trim().split('\n')
  expect(bodies).toHaveLength(CASES.length)
  for (const [index, { what, schema: json, alert, columns }] of CASES.entries()) {
    const schema = parseSchema(JSON.stringify(json))
    const body = Buffer.from(bodies[index] ?? '', 'hex')
    const stream = parseStream({
      name: 's',
      topic: 's',
      alertId: ['candid'],
      visit: { path: 'candidate.pid' },
      timeMs: [],
    })
    const fields = fieldsOf(schema)
    const set = {
      columns: fields.filter(({ list, kind }) => list === undefined && kind === 'number'),
      lists: fields
        .filter(({ list, path }) => list !== undefined && path === 'magpsf')
        .map(({ list = '', path, kind }) => ({ path: list, columns: [{ path, kind }] })),
    }
    const builder = openBatchBuilder({ stream, set })
    expect(builder.add(body, 1, schema, 0)).toEqual({ alertId: 7n, visit: BigInt(one.pid) })
    const batch = builder.take()
    const valueOf = (column: string): number[] => {
      const [list, path] = column.split('[].')
      const at = set.lists.findIndex(each => each.path === list)
      if (path !== undefined) return [...(batch.lists[at]?.columns[0] ?? [])]
      return [...(batch.columns[set.columns.findIndex(each => each.path === column)] ?? [])]
    }
    expect([what, ...columns.map(valueOf)]).toEqual([
      what,
      ...columns.map(column => (column.includes('[]') ? [17.5, 17.5] : [17.5])),
    ])
    expect(
      JSON.parse(
        JSON.stringify(
          decodeAlert(schema, body),
          (_, value) => (typeof value === 'bigint' ? Number(value) : value) as unknown,
        ),
      ),
    ).toEqual(alert)
  }
})
