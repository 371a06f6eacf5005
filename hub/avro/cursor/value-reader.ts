// What generated cursors call: bounds-checked reading of Avro's variable-length values, straight into the cells of a batch. Each method takes a
// position and returns the one behind what it read. A position may run past the end within a record; it is compared with the end before it matters.
import { HubError, type HubErrorCode } from '../../errors.ts'
import { NULL_HIGH } from '../columns/batch.ts'
import { type BatchMemory } from '../columns/batch-memory.ts'
import { type TextDictionary } from '../columns/text-dictionary.ts'

/** Records inside themselves are read this deep; real schemas have none. */
const MAX_DEPTH = 64
const MAX_LENGTH = 0x7fff_ffff
/** Items that take no bytes (empty records, nulls), over all arrays of a packet: the packet's size does not bound them. */
const MAX_EMPTY_ITEMS = 65_536
const LENGTH_UNIT = 2 ** 24
const TWO_32 = 2 ** 32
const MAX_LONG = 2 ** 63

/** Thrown, without an alert's fault, when a limit of the batch would be passed. */
export const BATCH_FULL = new Error('The batch is full')

export class Reader {
  /** The whole buffer that holds the packet: a view for each packet would cost more than reading it. */
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(this.bytes.buffer)
  /** Where the packet's body begins and ends in `bytes`. */
  start = 0
  end = 0
  numbers: Float64Array = new Float64Array(0)
  words: Uint32Array = new Uint32Array(0)
  items: Int32Array = new Int32Array(0)
  /** The last length, count or branch read. */
  n = 0
  /** Where the last block said it ends; -1 if it did not say. */
  blockEnd = -1
  depth = 0
  /** The limit that was passed when BATCH_FULL is thrown. */
  full = ''
  #emptyItems = 0
  #low = 0
  #high = 0
  #memory: BatchMemory | undefined
  #text: TextDictionary | undefined
  #schema = ''

  /** Makes a packet's body the one that is read, and returns its first position. `schema` is for messages. */
  begin(body: Uint8Array, schema: string): number {
    if (this.bytes.buffer !== body.buffer) {
      this.bytes = new Uint8Array(body.buffer)
      this.view = new DataView(body.buffer)
    }
    this.start = body.byteOffset
    this.end = body.byteOffset + body.length
    this.depth = 0
    this.#emptyItems = 0
    this.#schema = schema
    return this.start
  }

  /** Makes a batch's memory the one that is written. */
  use(memory: BatchMemory): void {
    this.#memory = memory
    this.#text = memory.text
    this.numbers = memory.numbers
    this.words = memory.words
    this.items = memory.items
  }

  /** Lets go of the packet's buffer, which may be one of many megabytes. */
  release(): void {
    this.bytes = new Uint8Array(0)
    this.view = new DataView(this.bytes.buffer)
  }

  int(p: number, cell: number): number {
    const after = this.#varint(p, 5)
    this.numbers[cell] = (this.#low >>> 1) ^ -(this.#low & 1)
    return after
  }

  skipInt(p: number): number {
    return this.#varint(p, 5)
  }

  long(p: number, cell: number): number {
    const after = this.#varint(p, 10)
    const sign = -(this.#low & 1)
    const high = ((this.#high >>> 1) ^ sign) >>> 0
    if (high === NULL_HIGH)
      this.fail(
        'HUB_AVRO_VALUE',
        p,
        'an integer from 0x7ff86e7500000000 to 0x7ff86e75ffffffff cannot be told from null',
      )
    this.words[2 * cell] = ((this.#low >>> 1) | (this.#high << 31)) ^ sign
    this.words[2 * cell + 1] = high
    return after
  }

  /** An `int` into a column of longs. */
  intToLong(p: number, cell: number): number {
    const after = this.#varint(p, 5)
    const value = (this.#low >>> 1) ^ -(this.#low & 1)
    this.words[2 * cell] = value
    this.words[2 * cell + 1] = value >> 31
    return after
  }

  /** A `long` into a column of numbers: null where no number is that integer. */
  longToNumber(p: number, cell: number): number {
    const after = this.#varint(p, 10)
    const value = this.#signed()
    if (Number.isSafeInteger(value)) this.numbers[cell] = value
    else this.#noValue(cell)
    return after
  }

  /** A `float` or `double` into a column of longs: null where it is no integer of 64 bits. */
  floatToLong(p: number, cell: number, size: number): number {
    if (p + size > this.end) this.truncated(p)
    const value = size === 4 ? this.view.getFloat32(p, true) : this.view.getFloat64(p, true)
    const isLong = Number.isInteger(value) && value >= -MAX_LONG && value < MAX_LONG
    const bits = isLong ? BigInt.asUintN(64, BigInt(value)) : 0n
    const high = Number(bits >> 32n)
    if (isLong && high !== NULL_HIGH) {
      this.words[2 * cell] = Number(bits & 0xffff_ffffn)
      this.words[2 * cell + 1] = high
    } else this.#noValue(cell)
    return p + size
  }

  #noValue(cell: number): void {
    this.words[2 * cell] = 0
    this.words[2 * cell + 1] = NULL_HIGH
  }

  skipLong(p: number): number {
    return this.#varint(p, 10)
  }

  text(p: number, cell: number): number {
    const from = this.length(p)
    const to = from + this.n
    if (this.n === 1 && (this.bytes[from] ?? 128) < 128) this.numbers[cell] = this.bytes[from] ?? 0
    else this.#put(cell, this.#text?.addUtf8(this.bytes, from, to) ?? -1)
    return to
  }

  symbol(p: number, cell: number, symbols: readonly string[]): number {
    const after = this.branch(p, symbols.length)
    const symbol = symbols[this.n] ?? ''
    if (symbol.length === 1) this.numbers[cell] = symbol.charCodeAt(0)
    else this.#put(cell, this.#text?.add(symbol) ?? -1)
    return after
  }

  #put(cell: number, index: number): void {
    if (index < 0) this.isFull('texts')
    this.numbers[cell] = -1 - index
  }

  binary(p: number, cell: number): number {
    const from = this.length(p)
    return this.fixed(from, cell, this.n)
  }

  fixed(p: number, cell: number, size: number): number {
    const memory = this.#memory
    if (size > this.end - p) this.truncated(p)
    if (!memory || size >= LENGTH_UNIT || size > memory.binary.length - memory.binaryLength)
      return this.isFull('bytes of binary fields')
    memory.binary.set(this.bytes.subarray(p, p + size), memory.binaryLength)
    this.numbers[cell] = memory.binaryLength * LENGTH_UNIT + size
    memory.binaryLength += size
    return p + size
  }

  skipBytes(p: number): number {
    const after = this.length(p)
    return after + this.n
  }

  /** The length in front of a text or bytes, as `n`; what it measures lies before the end. */
  length(p: number): number {
    const after = this.#small(p)
    if (this.n < 0 || this.n > MAX_LENGTH) this.fail('HUB_AVRO_LENGTH', p, `a length of ${this.n} is announced`)
    if (this.n > this.end - after) this.truncated(after, `${this.n} bytes are announced`)
    return after
  }

  /** The number of items in the next block of an array or map, as `n`: never more than the bytes left can hold. */
  count(p: number, minBytes: number): number {
    let after = this.#small(p)
    this.blockEnd = -1
    if (this.n < 0) {
      const count = -this.n
      after = this.length(after)
      this.blockEnd = after + this.n
      this.n = count
    }
    if (minBytes === 0) this.#emptyItems += this.n
    if (this.n > MAX_LENGTH || this.#emptyItems > MAX_EMPTY_ITEMS)
      this.fail('HUB_AVRO_LENGTH', p, `an array of ${this.n} items is announced`)
    if (this.n * minBytes > this.end - after) this.truncated(after, `${this.n} items are announced`)
    return after
  }

  /** The index of a union's branch or an enum's symbol, as `n`. */
  branch(p: number, branches: number): number {
    const after = this.#small(p)
    if (this.n < 0 || this.n >= branches) this.union(after, `one of ${branches}`, this.n)
    return after
  }

  /** Sets cells to null; `cells` are first cells of columns. */
  nulls(cells: Int32Array, row: number): void {
    const { words } = this
    for (let i = 0; i < cells.length; i++) {
      const word = 2 * ((cells[i] ?? 0) + row)
      words[word] = 0
      words[word + 1] = NULL_HIGH
    }
  }

  deeper(p: number): void {
    if (++this.depth > MAX_DEPTH)
      this.fail('HUB_AVRO_DEPTH', p, `a record lies inside itself more than ${MAX_DEPTH} times`)
  }

  /** A small integer in one to five bytes, mostly one, as `n`. */
  #small(p: number): number {
    const first = this.bytes[p] ?? 128
    if (first < 128) {
      this.n = (first >>> 1) ^ -(first & 1)
      return p + 1
    }
    const after = this.#varint(p, 10)
    this.n = this.#signed()
    return after
  }

  #signed(): number {
    const sign = -(this.#low & 1)
    return ((this.#high >>> 1) ^ sign) * TWO_32 + ((((this.#low >>> 1) | (this.#high << 31)) ^ sign) >>> 0)
  }

  /** Up to 64 bits in groups of seven, as two halves, before the zig-zag is undone. */
  #varint(p: number, maxBytes: number): number {
    const { bytes } = this
    let low = 0
    let high = 0
    let at = p
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined) this.truncated(at)
      if (shift < 28) low |= (byte & 127) << shift
      else if (shift === 28) {
        low |= byte << 28
        high = (byte & 127) >>> 4
      } else high |= (byte & 127) << (shift - 32)
      if (byte < 128) {
        if (at - p === maxBytes && byte > (maxBytes === 5 ? 15 : 1))
          this.fail('HUB_AVRO_VARINT', p, 'an integer has too many bits')
        break
      }
      if (at - p === maxBytes) this.fail('HUB_AVRO_VARINT', p, `an integer is longer than ${maxBytes} bytes`)
    }
    if (at > this.end) this.truncated(at)
    this.#low = low
    this.#high = high
    return at
  }

  isFull(what: string): never {
    this.full = what
    throw BATCH_FULL
  }

  union(p: number, field: string, branch: number | undefined): never {
    this.fail('HUB_AVRO_UNION', p, `${field} has no branch ${branch}`)
  }

  boolean(p: number): never {
    this.fail('HUB_AVRO_VALUE', p, 'a boolean is neither 0 nor 1')
  }

  block(p: number): never {
    this.fail('HUB_AVRO_LENGTH', p, 'a block of an array or map does not end where it says')
  }

  truncated(p: number, what = 'more was expected'): never {
    this.fail('HUB_AVRO_TRUNCATED', Math.min(p, this.end), `${what} and ${Math.max(this.end - p, 0)} bytes are left`)
  }

  trailing(p: number): never {
    this.fail('HUB_AVRO_TRAILING', p, `the alert is complete and ${this.end - p} bytes follow`)
  }

  fail(code: HubErrorCode, p: number, what: string): never {
    if (p > this.end && code !== 'HUB_AVRO_TRUNCATED') this.truncated(p)
    throw new HubError(
      code,
      `The alert is not readable at byte ${p - this.start} of ${this.end - this.start} by schema ${this.#schema}: ${what}. The producer sent other bytes, or the id of another schema`,
    )
  }
}
