// Packets of any stream from its schema alone: seeded, with ids, visits and times that a stream needs, and values that suit what a field is called. Nobody
// would take them for a survey's, but a filter of that survey runs on them and decides.
import { type AvroNode, type AvroSchema } from '../avro/schema/node.ts'
import { type Stream } from '../streams.ts'
import { openRandom, type Random } from './random.ts'

export interface SchemaPackets {
  /** The Avro bytes of alert `index`, without a frame: always the same. */
  body(index: number): Buffer
}

const MJD = 61_000
const JD_OF_MJD = 2_400_000.5
const UNIX_OF_MJD_DAY = 40_587
const DAY_MS = 86_400_000
/** Records that hold themselves end here. */
const MAX_LEVELS = 6
const MAX_ITEMS = 8

/** Numbers by what their field is called; the first pattern that fits counts. `bright` is how bright the object is, as a magnitude. */
const NUMBERS: readonly (readonly [name: RegExp, value: (random: Random, bright: number) => number])[] = [
  [/err|sigma|unc|rms|cov/i, random => Math.abs(random.normal()) / 10],
  [/mag/i, (random, bright) => bright + random.normal() * 0.6],
  [/flux/i, (random, bright) => 10 ** ((31.4 - bright) / 2.5) * (1 + random.normal() / 4)],
  [/^(d?rb|classtar|reliability)$|score|prob/i, random => random.next()],
  [/^ra|ra$/i, random => random.between(0, 360)],
  [/^dec|decl?$/i, random => random.between(-90, 90)],
  [/snr|scorr/i, random => 5 + Math.abs(random.normal()) * 10],
  [/dist|sep|near/i, random => random.between(0, 30)],
  [/^fid$|filter/i, random => random.whole(1, 3)],
  [/^n|count/i, random => random.whole(0, 40)],
]
const ANY = (random: Random): number => random.normal() * 10

const TEXTS: readonly (readonly [name: RegExp, value: (random: Random) => string])[] = [
  [/^isdiffpos$/, random => random.pick(['t', 'f'])],
  [/band|filter/i, random => random.pick(['u', 'g', 'r', 'i', 'z', 'y'])],
  [/version|vsn/i, () => '1.0'],
]

const varint = (value: bigint): Buffer => {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  const bytes: number[] = []
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}
const sized = (bytes: Buffer): Buffer => Buffer.concat([varint(BigInt(bytes.length)), bytes])

/** Where in the packet: names from the root, without those of lists; `ago` counts back from the packet itself in a list. */
interface Place {
  readonly path: string
  readonly levels: number
  readonly ago: number
}

/** Packets of visit `visit`. */
export function openSchemaPackets(schema: AvroSchema, stream: Stream, visit: bigint): SchemaPackets {
  const { divideBy = 1n, path: visitPath } = stream.visit
  const leaf = (path: string): string => path.slice(path.lastIndexOf('.') + 1)
  const ids = new Set(stream.alertId.map(leaf))
  return {
    body(index) {
      const random = openRandom(Number(visit), index)
      const bright = random.between(16, 20.5)
      const mjd = MJD + random.between(0.1, 0.4)

      const fixedNumber = ({ path, ago }: Place): bigint | number | undefined => {
        if (ago === 0 && path === visitPath) return visit * divideBy + (BigInt(index) % divideBy)
        if (ids.has(leaf(path))) return visit * 1_000_000n + BigInt(index * 100 + ago)
        const day = mjd - ago * 2
        const scale = stream.timeMs.find(time => leaf(time.path) === leaf(path))?.scale
        if (scale === 'unix-ms') return Math.round((day - UNIX_OF_MJD_DAY) * DAY_MS)
        if (scale === 'mjd-tai' || /mjd/i.test(leaf(path))) return day
        return scale === 'jd-utc' || /^jd/i.test(leaf(path)) ? day + JD_OF_MJD : undefined
      }
      const number = (place: Place): bigint | number => {
        const make = NUMBERS.find(([name]) => name.test(leaf(place.path)))?.[1] ?? ANY
        return fixedNumber(place) ?? make(random, bright)
      }
      const whole = (place: Place): bigint => {
        const value = number(place)
        return typeof value === 'bigint' ? value : BigInt(Math.round(value))
      }
      const isNeeded = ({ path, ago }: Place): boolean =>
        ago === 0 &&
        [visitPath, ...stream.alertId, ...stream.timeMs.map(time => time.path)].some(one =>
          `${one}.`.startsWith(`${path}.`),
        )

      const write = (node: AvroNode, place: Place): Buffer => {
        const { path, levels } = place
        switch (node.kind) {
          case 'boolean':
            return Buffer.from([random.chance(0.1) ? 1 : 0])
          case 'int':
            return varint(BigInt.asIntN(32, whole(place)))
          case 'long':
            return varint(whole(place))
          case 'float': {
            const bytes = Buffer.alloc(4)
            bytes.writeFloatLE(Number(number(place)))
            return bytes
          }
          case 'double': {
            const bytes = Buffer.alloc(8)
            bytes.writeDoubleLE(Number(number(place)))
            return bytes
          }
          case 'bytes':
            return sized(Buffer.alloc(32, index))
          case 'string': {
            const make = TEXTS.find(([name]) => name.test(leaf(path)))?.[1]
            const text =
              ids.has(leaf(path)) || path === visitPath ? String(number(place)) : `${leaf(path)}-${index % 50}`
            return sized(Buffer.from(make?.(random) ?? text))
          }
          case 'fixed':
            return Buffer.alloc(node.size)
          case 'enum':
            return varint(BigInt(random.whole(0, node.symbols.length - 1)))
          case 'map':
            return varint(0n)
          case 'array': {
            const count = levels >= MAX_LEVELS || random.chance(0.2) ? 0 : random.whole(1, MAX_ITEMS)
            const items = Array.from({ length: count }, (_, i) =>
              write(node.items, { path, levels: levels + 1, ago: place.ago + count - i }),
            )
            return count === 0 ? varint(0n) : Buffer.concat([varint(BigInt(count)), ...items, varint(0n)])
          }
          case 'union': {
            const none = node.branches.findIndex(({ kind }) => kind === 'null')
            const others = node.branches.flatMap(({ kind }, i) => (kind === 'null' ? [] : [i]))
            const isNull = none !== -1 && !isNeeded(place) && (levels >= MAX_LEVELS || random.chance(0.15))
            const branch =
              isNull || others.length === 0 ? Math.max(none, 0) : (others[random.whole(0, others.length - 1)] ?? 0)
            const chosen = node.branches[branch]
            return chosen === undefined ? varint(0n) : Buffer.concat([varint(BigInt(branch)), write(chosen, place)])
          }
          case 'null':
            return Buffer.alloc(0)
          default:
            return Buffer.concat(
              node.fields.map(field =>
                write(field.node, {
                  ...place,
                  path: path === '' ? field.name : `${path}.${field.name}`,
                  levels: levels + 1,
                }),
              ),
            )
        }
      }
      return write(schema.root, { path: '', levels: 0, ago: 0 })
    },
  }
}
