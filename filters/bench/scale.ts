// npm run bench -- scale [--alerts 10000] [--jit] [--filters 1,10,50,100,200] [--shards 1,2,4]: alerts/s from a stored topic for 1 to 200 filters, and for 1, 2 and 4 shards of one worker, each of which
// reads the whole topic for its share of 100 filters. Visits of 30,000 and 40,000: bench chain with --alerts.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { openSyntheticSource, SYNTHETIC_SCHEMA, SYNTHETIC_SCHEMA_ID } from '#hub'
import { openStand } from './stand.ts'

const ALERTS_PER_VISIT = 10_000
const FILTERS_OF_SHARDS = 100

const { values: args } = parseArgs({
  options: {
    alerts: { type: 'string', default: '10000' },
    jit: { type: 'boolean', default: false },
    filters: { type: 'string', default: '1,10,50,100,200' },
    shards: { type: 'string', default: '1,2,4' },
  },
})
const [alerts, jit] = [Number(args.alerts), args.jit]
const numbersIn = (list: string): number[] => list.split(',').filter(Boolean).map(Number)
/** A step that takes long is seen. */
const note = (step: object): void => void process.stderr.write(`${JSON.stringify(step)}\n`)

const stand = await openStand()
try {
  const source = openSyntheticSource()
  const stored = await stand.store({
    topic: 'bench-alerts',
    schemas: { [SYNTHETIC_SCHEMA_ID]: SYNTHETIC_SCHEMA },
    packets: alerts,
    packet: at => source.packet(Math.floor(at / ALERTS_PER_VISIT), at % ALERTS_PER_VISIT).packet,
  })
  // A broker compiles its own code in its first minute.
  await stand.run(stored, { filters: FILTERS_OF_SHARDS, alerts, jit })
  const byFilters = []
  for (const filters of numbersIn(args.filters)) {
    note({ filters })
    byFilters.push({ filters, ...(await stand.run(stored, { filters, alerts, jit })) })
  }
  const byShards = []
  for (const shards of numbersIn(args.shards)) {
    note({ shards })
    byShards.push({ shards, ...(await stand.run(stored, { filters: FILTERS_OF_SHARDS, alerts, jit, shards })) })
  }
  console.log(
    JSON.stringify({
      machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`,
      jit,
      alerts,
      packetBytesMedian: stored.packetBytesMedian,
      byFilters,
      byShards,
    }),
  )
} finally {
  await stand.close()
}
