// Bytes of a request as parts: what is small is written together, what is large stays where it is. Pure.

const CHUNK_BYTES = 16 * 1024
/** Copying less than this is cheaper than a part of its own. */
const OWN_PART_BYTES = 2048
const MORE = 0x80

/** Bytes of an unsigned number in groups of seven bits. */
const unsignedBytes = (value: number): number => {
  let bytes = 1
  for (let rest = value; rest >= MORE; rest = Math.floor(rest / MORE)) bytes++
  return bytes
}

/** The same of a signed one: small negative numbers are short too. Exact up to 2^51. */
export const signedBytes = (value: number): number => unsignedBytes(zigZag(value))

const zigZag = (value: number): number => (value >= 0 ? value * 2 : -value * 2 - 1)

/** Writes forward; `parts` are all bytes in their order. */
export class ByteParts {
  readonly parts: Buffer[] = []
  length = 0
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  #from = 0
  #at = 0

  /** The next `bytes` bytes, which the caller fills in now or later. */
  reserve(bytes: number): Buffer {
    if (this.#at + bytes > this.#chunk.length) {
      this.cut()
      this.#chunk = Buffer.allocUnsafe(Math.max(bytes, CHUNK_BYTES))
      this.#from = this.#at = 0
    }
    this.length += bytes
    this.#at += bytes
    return this.#chunk.subarray(this.#at - bytes, this.#at)
  }

  int8(value: number): void {
    this.reserve(1).writeInt8(value)
  }

  int16(value: number): void {
    this.reserve(2).writeInt16BE(value)
  }

  int32(value: number): void {
    this.reserve(4).writeInt32BE(value)
  }

  unsigned(value: number): void {
    const bytes = this.reserve(unsignedBytes(value))
    let rest = value
    for (let at = 0; at < bytes.length - 1; at++) {
      bytes[at] = (rest % MORE) | MORE
      rest = Math.floor(rest / MORE)
    }
    bytes[bytes.length - 1] = rest
  }

  signed(value: number): void {
    this.unsigned(zigZag(value))
  }

  bytes(value: Buffer): void {
    if (value.length < OWN_PART_BYTES) return void value.copy(this.reserve(value.length))
    this.cut()
    this.parts.push(value)
    this.length += value.length
  }

  /** Ends the part under way; what comes next begins another. Gives the number of parts so far. */
  cut(): number {
    if (this.#at > this.#from) this.parts.push(this.#chunk.subarray(this.#from, this.#at))
    this.#from = this.#at
    return this.parts.length
  }
}
