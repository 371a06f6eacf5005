// npm run bench -- engine [--filters 100] [--alerts 20000] [--policy first|best] [--python PYTHON] [--packets DIR... --schemas DIR]: a stored topic through the whole
// engine, jitless (the default) and with JIT, beside the same without filters and the published way, in one run on one broker.
// Everything is on: hardened sandbox, transactions. --packets adds the same on real packets (framed .bin files), --schemas has <major>/<minor>.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { openSyntheticSource, SYNTHETIC_SCHEMA, SYNTHETIC_SCHEMA_ID } from '#hub'
import { engineFigures, type EngineFiguresOptions, type EngineFigures } from './stand/engine-figures.ts'
import { packetsIn, schemasIn } from './stand/real-packets.ts'
import { openStand } from './stand/stand.ts'

const ALERTS_PER_VISIT = 10_000

const { values: args } = parseArgs({
  options: {
    filters: { type: 'string', default: '100' },
    alerts: { type: 'string', default: '20000' },
    python: { type: 'string' },
    packets: { type: 'string', multiple: true },
    schemas: { type: 'string' },
    policy: { type: 'string', default: 'first' },
  },
})
const [filters, alerts] = [Number(args.filters), Number(args.alerts)]
const { policy } = args
if (policy !== 'first' && policy !== 'best') throw new TypeError('--policy is first or best')
const options: EngineFiguresOptions = {
  filters,
  alerts,
  policy,
  ...(args.python === undefined ? {} : { python: args.python }),
}

/** As if a survey had sent the visits one after the other, the last 20 s ago: under `best` a visit ends when the next one has begun. */
const VISIT_MS = 37_000
const startMs = Date.now() - 20_000 - VISIT_MS * Math.ceil(alerts / ALERTS_PER_VISIT)
const timestampMs = (at: number): number =>
  startMs +
  Math.floor(at / ALERTS_PER_VISIT) * VISIT_MS +
  Math.floor((20_000 * (at % ALERTS_PER_VISIT)) / ALERTS_PER_VISIT)

const stand = await openStand()
try {
  const source = openSyntheticSource()
  const synthetic = await stand.store({
    topic: 'bench-alerts',
    schemas: { [SYNTHETIC_SCHEMA_ID]: SYNTHETIC_SCHEMA },
    packets: alerts,
    timestampMs,
    packet: at => source.packet(Math.floor(at / ALERTS_PER_VISIT), at % ALERTS_PER_VISIT).packet,
  })
  // A broker compiles its own code in its first minute: 371 µs an alert become 177.
  await stand.run(synthetic, { filters, alerts, policy, jit: false })
  const ours = await engineFigures(stand, synthetic, options)
  let real: EngineFigures | undefined
  if (args.packets !== undefined && args.schemas !== undefined) {
    const schemas = await schemasIn(args.schemas)
    const packets = (await Promise.all(args.packets.map(dir => packetsIn(dir, schemas)))).flat()
    const topic = await stand.store({
      topic: 'bench-real',
      schemas,
      packets: alerts,
      timestampMs,
      packet: at => packets[at % packets.length] ?? Buffer.alloc(0),
    })
    real = await engineFigures(stand, topic, options)
  }
  console.log(
    JSON.stringify({
      machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`,
      filters,
      alerts,
      policy,
      ...ours,
      ...(real === undefined ? {} : { realPackets: real }),
    }),
  )
} finally {
  await stand.close()
}
