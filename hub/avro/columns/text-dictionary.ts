// The texts of a batch: UTF-16 units behind their length, each text once, as alerts repeat the same few (bands, names).
import { HubError } from '../../errors.ts'

/** A length is one unit, so no text is longer. */
const MAX_TEXT_LENGTH = 0xffff

/** A dictionary of texts in one area of UTF-16 units. Adding allocates nothing as long as the text is ASCII. */
export class TextDictionary {
  /** `units[i]` is a length, the text's units follow. Longer than the limit by one text, which is written before it is looked up. */
  readonly units: Uint16Array
  length = 0
  readonly #maxUnits: number
  /** So that no packet can be made whose texts all fall on one slot. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32)
  /** Open hash table of index + 1; 0 is a free slot. */
  readonly #slots: Int32Array
  readonly #mask: number
  /** Slots filled, in order: what a rollback frees. */
  readonly #filled: number[] = []
  #markLength = 0
  #markFilled = 0

  constructor(maxUnits: number) {
    this.#maxUnits = maxUnits
    this.units = new Uint16Array(maxUnits + MAX_TEXT_LENGTH + 1)
    // Texts take two units and more (but for the empty one), so the table stays at most half full.
    const slots = 2 ** Math.ceil(Math.log2(Math.max(maxUnits, 4)))
    this.#slots = new Int32Array(slots)
    this.#mask = slots - 1
  }

  /** The index of the text whose UTF-8 bytes are bytes[from] … bytes[to - 1], or -1 when the area is full. */
  addUtf8(bytes: Uint8Array, from: number, to: number): number {
    if (to - from <= MAX_TEXT_LENGTH) {
      const { units } = this
      let at = this.length + 1
      let i = from
      for (; i < to; i++) {
        const byte = bytes[i] ?? 0
        if (byte > 127) break
        units[at++] = byte
      }
      if (i === to) return this.#keep(to - from)
    }
    return this.add(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8'))
  }

  /** The index of a text, or -1 when the area is full. Throws HubError HUB_ALERT_TOO_LARGE for a text no cell can name. */
  add(text: string): number {
    if (text.length > MAX_TEXT_LENGTH)
      throw new HubError(
        'HUB_ALERT_TOO_LARGE',
        `The alert has a text of ${text.length} characters; a column holds ${MAX_TEXT_LENGTH}`,
      )
    const start = this.length + 1
    for (let i = 0; i < text.length; i++) this.units[start + i] = text.charCodeAt(i)
    return this.#keep(text.length)
  }

  /** Takes the units written behind the end into the dictionary, or finds them there. */
  #keep(length: number): number {
    const { units } = this
    const at = this.length
    let hash = this.#seed ^ length
    for (let i = at + 1; i <= at + length; i++) hash = Math.imul(hash ^ (units[i] ?? 0), 0x0100_0193)
    for (let slot = (hash ^ (hash >>> 15)) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const index = (this.#slots[slot] ?? 0) - 1
      if (index >= 0) {
        if (this.#equal(index, at, length)) return index
        continue
      }
      if (at + 1 + length > this.#maxUnits) return -1
      this.#slots[slot] = at + 1
      this.#filled.push(slot)
      units[at] = length
      this.length = at + 1 + length
      return at
    }
  }

  #equal(index: number, at: number, length: number): boolean {
    const { units } = this
    if (units[index] !== length) return false
    for (let i = 1; i <= length; i++) if (units[index + i] !== units[at + i]) return false
    return true
  }

  /** The place `rollback` comes back to. */
  mark(): void {
    this.#markLength = this.length
    this.#markFilled = this.#filled.length
  }

  /** Forgets every text added since the mark. Slots are freed from the last to the first, so no probe sequence is interrupted. */
  rollback(): void {
    while (this.#filled.length > this.#markFilled) this.#slots[this.#filled.pop() ?? 0] = 0
    this.length = this.#markLength
  }

  /** Forgets every text. */
  clear(): void {
    this.#markLength = 0
    this.#markFilled = 0
    this.rollback()
  }
}
