// What the audit counts of a visit: nothing where it is delivered as it should be, and each kind of fault.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CACHE_DIR } from '../../paths.ts'
import { pythonVenvIn } from '../../setup/python-venv.ts'

type Row = readonly [alert: number, position: number, sha: string | null]

const row = (alert: number, position: number, sha: string | null = `bytes of ${alert}`): Row => [alert, position, sha]

/** Of alerts 1 to 3, which pass, with a cap of 2. */
const counted = (...rows: readonly Row[]): unknown => {
  const python = join(pythonVenvIn(CACHE_DIR), 'bin/python3')
  const input = JSON.stringify({ cap: 2, passing: [1, 2, 3], rows })
  const program = join(import.meta.dirname, 'deliveries.fixture.py')
  return JSON.parse(execFileSync(python, [program], { input, encoding: 'utf8' }))
}

test.each([
  ['as it should be', [row(3, 1), row(1, 2)], {}],
  ['by a reader that shows no bytes', [row(3, 1, null), row(1, 2, null)], {}],
  ['with one too few', [row(1, 1)], { lost: 1 }],
  ['with nothing', [], { lost: 2 }],
  ['with one twice', [row(1, 1), row(2, 2), row(2, 2)], { duplicated: 1, wrongDeliveries: 1 }],
  ['beyond the cap', [row(1, 1), row(2, 2), row(3, 3)], { overCap: 1 }],
  ['with one that does not pass', [row(1, 1), row(9, 2)], { lost: 1, wrongDeliveries: 1 }],
  ['with other bytes', [row(1, 1), row(2, 2, 'bytes of 1')], { wrongDeliveries: 1 }],
  ['by two nodes that each counted from one', [row(1, 1), row(2, 1)], { wrongDeliveries: 1 }],
])('a visit %s', (_how, rows, found) => {
  expect(counted(...rows)).toEqual(found)
})
