// Inside an isolate: texts and byte strings of the current batch, decoded only when a filter asks for one.
import { type Primordials } from './primordials.ts'

/** Readers of the text and binary areas; `attach` is called by the host when an area is made or has grown. */
export function openBlobs({ apply, fromCharCode, subarrayUnits, subarrayBytes, Units, Bytes }: Primordials) {
  let units: Uint16Array = new Units(0)
  let bytes: Uint8Array = new Bytes(0)
  const CHUNK = 4096
  /** The byte strings asked for last, so that asking again gives the same ones. */
  const KEPT = 4
  let cells: number[] = []
  let kept: Uint8Array[] = []
  let next = 0
  return {
    attach(text: SharedArrayBuffer | undefined, binary: SharedArrayBuffer | undefined): void {
      if (text !== undefined) units = new Units(text)
      if (binary !== undefined) bytes = new Bytes(binary)
    },
    /** Before each batch. */
    begin(): void {
      if (kept.length === 0) return
      cells = []
      kept = []
      next = 0
    },
    /** Text of a negative cell: its length lies at -cell - 1, its units behind. */
    text(cell: number): string {
      const at = -cell
      const end = at + (units[at - 1] ?? 0)
      let text = ''
      for (let from = at; from < end; from += CHUNK) {
        const to = from + CHUNK < end ? from + CHUNK : end
        text += apply(fromCharCode, undefined, apply(subarrayUnits, units, [from, to]) as unknown as number[])
      }
      return text
    },
    /** A copy, so that the area itself is never in an author's hands. */
    bytes(cell: number): Uint8Array {
      for (let i = 0; i < cells.length; i++) if (cells[i] === cell) return kept[i] as Uint8Array
      const length = cell % 16_777_216
      const offset = (cell - length) / 16_777_216
      const copy = new Bytes(apply(subarrayBytes, bytes, [offset, offset + length]))
      cells[next] = cell
      kept[next] = copy
      next = (next + 1) % KEPT
      return copy
    },
  }
}

export type Blobs = ReturnType<typeof openBlobs>
