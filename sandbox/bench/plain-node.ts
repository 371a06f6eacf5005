// For comparison, in a Node process of its own: the same functions called directly, and with the record copied into an isolate for each call.
// Run by sandbox.ts with --no-node-snapshot; prints JSON.
import ivm from 'isolated-vm'
import { KINDS, recordsOf } from './workload.ts'

const ROUND_MS = 700
const records = recordsOf(256)

function usPerCall(call: (record: object) => unknown): number {
  let calls = 0
  const start = performance.now()
  while (performance.now() - start < ROUND_MS)
    for (const record of records) {
      call(record)
      calls++
    }
  return ((performance.now() - start) * 1000) / calls
}

const result: Record<string, { direct: number; copied: number }> = {}
for (const { name, body } of KINDS) {
  // oxlint-disable-next-line no-implied-eval, typescript/no-implied-eval -- the text is this bench's own
  const direct = new Function('alert', body) as (record: object) => unknown
  const context = new ivm.Isolate({ memoryLimit: 128 }).createContextSync()
  const copied = context.evalSync(`(function (alert) { ${body} })`, { reference: true })
  result[name] = {
    direct: usPerCall(direct),
    copied: usPerCall(
      record => copied.applySync(undefined, [record], { arguments: { copy: true }, timeout: 1000 }) as unknown,
    ),
  }
}
console.log(JSON.stringify(result))
