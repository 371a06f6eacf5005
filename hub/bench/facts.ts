// What the facts of an alert cost, of which archive and notices are made: microseconds of a walk over a packet with them, beside the same walk for the id
// alone in the same run, and the size of notices. Options: --packets 400, --rounds 40.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { openFactsReader } from '../notices/alert-facts.ts'
import { encodeNotice, noticeOf } from '../notices/notice.ts'
import { openSyntheticSource, parseSchema, quantileOf, readFrame, STREAMS } from '../index.ts'

const NOTICE_SCHEMA_ID = 100_000

const { values } = parseArgs({
  options: { packets: { type: 'string', default: '400' }, rounds: { type: 'string', default: '40' } },
})
const count = Number(values.packets)
const source = openSyntheticSource({ seed: 1 })
const schema = parseSchema(source.schemaJson)
const packets = Array.from({ length: count }, (_, at) => source.packet(0, at).packet)
const { facts: _, ...idOnly } = STREAMS.lsst
const readers = { facts: openFactsReader(STREAMS.lsst), idOnly: openFactsReader({ ...idOnly, timeMs: [] }) }

const microseconds = (reader: ReturnType<typeof openFactsReader>): number => {
  const begunMs = performance.now()
  for (const packet of packets) {
    const { body, schemaId } = readFrame(packet)
    reader.read(body, schemaId, schema)
  }
  return ((performance.now() - begunMs) * 1000) / count
}
const notices = (): Buffer[] =>
  packets.map(packet => {
    const { body, schemaId } = readFrame(packet)
    const facts = readers.facts.read(body, schemaId, schema)
    return encodeNotice(NOTICE_SCHEMA_ID, noticeOf('lsst', facts, schemaId, packet.length))
  })

const rounds = Array.from({ length: Number(values.rounds) }, () => ({
  facts: microseconds(readers.facts),
  idOnly: microseconds(readers.idOnly),
}))
/** Of the best round: each is short enough to be undisturbed now and then. */
const best = (name: 'facts' | 'idOnly'): number => Math.min(...rounds.map(round => round[name]))
const sizes = notices()
  .map(({ length }) => length)
  .toSorted((a, b) => a - b)
const round = (value: number): number => Math.round(value * 10) / 10
console.log(
  JSON.stringify({
    bench: 'facts',
    factsMicroseconds: round(best('facts')),
    idOnlyMicroseconds: round(best('idOnly')),
    noticeBytesMedian: quantileOf(sizes, 0.5),
    noticeBytesMax: sizes.at(-1),
    packets: count,
    packetBytesMean: Math.round(packets.reduce((sum, { length }) => sum + length, 0) / count),
    rounds: rounds.length,
    cpus: cpus().length,
    cpu: cpus()[0]?.model,
    node: process.version,
  }),
)
