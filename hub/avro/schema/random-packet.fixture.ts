// Random writer schemas together with random bytes of them, for property tests: every Avro type, blocks of every form, extreme values.
import * as fc from 'fast-check'

type Write = () => Buffer

/** A type, and a way to write values of it. */
interface RandomType {
  readonly schema: unknown
  readonly write: Write
}

export interface RandomPackets {
  readonly schemaJson: string
  readonly bodies: readonly Buffer[]
}

/** The stream those packets belong to. */
export const RANDOM_STREAM = { name: 'random', topic: 'random', alertId: ['id'], visit: { path: 'visit' }, timeMs: [] }

/** Zig-zag and groups of seven bits. */
export const varint = (value: bigint | number): Buffer => {
  const signed = BigInt(value)
  let rest = BigInt.asUintN(64, (signed << 1n) ^ (signed >> 63n))
  const bytes: number[] = []
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}

const sized = (bytes: Buffer): Buffer => Buffer.concat([varint(bytes.length), bytes])

const MAX_DEPTH = 3
const nameOf = (i: number): string => ['id', 'visit'][i] ?? `f${i}`
const INTS = [0, -1, 63, -64, 64, 2 ** 31 - 1, -(2 ** 31), 1_000_000]
const LONGS = [
  ...INTS.map(BigInt),
  2n ** 53n + 1n,
  -(2n ** 53n) - 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  170_094_456_272_322_680n,
]
// The null of a batch is a NaN, so NaNs of every kind have to stay apart from it: as doubles (upper halves) and as floats that become such doubles.
const DOUBLES = ['0000000000000000', '8000000000000000', '7ff86e7500000001', '7ff86e75ffffffff', 'fff8000000000000']
const FLOATS = ['00000000', '7fc373a8', '7fc373ab', 'ffc00000', '7f800001', '7f800000', '3f800000']
const TEXTS = ['', 'g', 'i', '\0', 'é', 'ZTF18abtmqit', 'ZTF18abtmqis', '☄ a comet', '𝄞']

/** A schema of up to ten fields and up to four packets written by it, all of one seed. */
export const randomPackets = (): fc.Arbitrary<RandomPackets> => fc.integer().map(seed => new Generator(seed).packets())

class Generator {
  #state: number
  #names = 0

  constructor(seed: number) {
    this.#state = seed
  }

  packets(): RandomPackets {
    const fields = Array.from({ length: this.#below(9) }, () => this.#any(0))
    const types: RandomType[] = [this.#keyed(7), this.#keyed(8), ...fields]
    const schema = {
      type: 'record',
      name: 'alert',
      fields: types.map(({ schema }, i) => ({ name: nameOf(i), type: schema })),
    }
    const body = (): Buffer => Buffer.concat(types.map(({ write }) => write()))
    return { schemaJson: JSON.stringify(schema), bodies: Array.from({ length: 1 + this.#below(4) }, body) }
  }

  #keyed(value: number): RandomType {
    return { schema: 'long', write: () => varint(value) }
  }

  /** Mulberry32. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0
    let x = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return (x ^ (x >>> 14)) >>> 0
  }

  #below(n: number): number {
    return this.#next() % n
  }

  #pick<T>(...values: readonly [T, ...T[]] | readonly T[]): T {
    const value = values[this.#below(values.length)]
    if (value === undefined) throw new RangeError('Nothing to pick from')
    return value
  }

  #bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.#below(256)))
  }

  #hex(values: readonly string[], bytes: number): Buffer {
    if (this.#below(2) === 0) return this.#bytes(bytes)
    return Buffer.from(Buffer.from(this.#pick(...values), 'hex').toReversed())
  }

  #name(): string {
    return `n${this.#names++}`
  }

  #primitive(): RandomType {
    switch (this.#below(9)) {
      case 0:
        return { schema: 'boolean', write: () => Buffer.from([this.#below(2)]) }
      case 1:
        return {
          schema: this.#pick<unknown>('int', { type: 'int', logicalType: 'date' }),
          write: () => varint(this.#pick(...INTS)),
        }
      case 2:
        return { schema: this.#pick<unknown>('long', { type: 'long' }), write: () => varint(this.#pick(...LONGS)) }
      case 3:
        return { schema: 'float', write: () => this.#hex(FLOATS, 4) }
      case 4:
        return { schema: 'double', write: () => this.#hex(DOUBLES, 8) }
      case 5:
        return { schema: 'bytes', write: () => sized(this.#bytes(this.#below(6))) }
      case 6: {
        const size = this.#pick(0, 1, 5)
        return { schema: { type: 'fixed', name: this.#name(), size }, write: () => this.#bytes(size) }
      }
      case 7:
        return {
          schema: { type: 'enum', name: this.#name(), symbols: ['A', 'Bright', 'C'] },
          write: () => varint(this.#below(3)),
        }
      default:
        return {
          schema: 'string',
          // Now and then bytes that are no UTF-8.
          write: () => sized(this.#below(8) === 0 ? this.#bytes(4) : Buffer.from(this.#pick(...TEXTS))),
        }
    }
  }

  #any(depth: number): RandomType {
    const kind = depth > MAX_DEPTH ? 0 : this.#below(12)
    if (kind === 1) return this.#record(depth)
    if (kind === 2 || kind === 3) return this.#array(this.#record(depth + 1))
    if (kind === 4) return this.#array(this.#any(depth + 1))
    if (kind === 5) return this.#map(this.#any(depth + 1))
    if (kind === 6) return this.#union([this.#record(depth + 1), this.#nothing(), this.#map(this.#primitive())])
    if (kind === 7) return this.#nothing()
    if (kind > 7) {
      const value = this.#pick(
        () => this.#primitive(),
        () => this.#record(depth),
        () => this.#array(this.#record(depth + 1)),
      )()
      return this.#union(this.#below(2) === 0 ? [this.#nothing(), value] : [value, this.#nothing()])
    }
    return this.#primitive()
  }

  #nothing(): RandomType {
    return { schema: 'null', write: () => Buffer.alloc(0) }
  }

  #record(depth: number): RandomType {
    const fields = Array.from({ length: this.#below(5) }, () => this.#any(depth + 1))
    return {
      schema: {
        type: 'record',
        name: this.#name(),
        fields: fields.map(({ schema }, i) => ({ name: `f${i}`, type: schema })),
      },
      write: () => Buffer.concat(fields.map(({ write }) => write())),
    }
  }

  #union(branches: readonly RandomType[]): RandomType {
    return {
      schema: branches.map(({ schema }) => schema),
      write: () => {
        const index = this.#below(branches.length)
        return Buffer.concat([varint(index), branches[index]?.write() ?? Buffer.alloc(0)])
      },
    }
  }

  #array(items: RandomType): RandomType {
    return { schema: { type: 'array', items: items.schema }, write: () => this.#blocks(items.write) }
  }

  #map(values: RandomType): RandomType {
    const entry = (): Buffer => Buffer.concat([sized(Buffer.from(this.#pick(...TEXTS))), values.write()])
    return { schema: { type: 'map', values: values.schema }, write: () => this.#blocks(entry) }
  }

  /** Up to three blocks, some with their size in bytes in front. */
  #blocks(item: Write): Buffer {
    const blocks = Array.from({ length: this.#below(4) }, () => {
      const count = 1 + this.#below(4)
      const items = Buffer.concat(Array.from({ length: count }, item))
      return this.#below(2) === 0 ? [varint(count), items] : [varint(-count), varint(items.length), items]
    })
    return Buffer.concat([...blocks.flat(), varint(0)])
  }
}
