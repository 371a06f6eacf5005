// A byte stream → frames of u32 length, u32 kind, payload. Bytes are joined once per frame, however many pieces it came in.
import { FRAME_HEADER_BYTES } from './wire.ts'

/** A message as a frame, its payload as JSON. */
export function frameOf(kind: number, message: object): Buffer {
  const payload = Buffer.from(JSON.stringify(message))
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  header.writeUInt32LE(payload.length, 0)
  header.writeUInt32LE(kind, 4)
  return Buffer.concat([header, payload])
}

/** Takes pieces; calls `onFrame` for each whole frame. Throws when a frame says it is longer than `maxBytes`. */
export function openFrameSplitter(maxBytes: number, onFrame: (kind: number, payload: Buffer) => void) {
  let pieces: Buffer[] = []
  let waiting = 0
  let needed = FRAME_HEADER_BYTES

  return function push(piece: Buffer): void {
    pieces.push(piece)
    waiting += piece.length
    if (waiting < needed) return
    let data = pieces.length === 1 ? piece : Buffer.concat(pieces)
    needed = FRAME_HEADER_BYTES
    while (data.length >= FRAME_HEADER_BYTES) {
      const length = data.readUInt32LE(0)
      if (length > maxBytes) throw new Error(`a frame of ${length} bytes is longer than ${maxBytes}`)
      needed = FRAME_HEADER_BYTES + length
      if (data.length < needed) break
      const payload = data.subarray(FRAME_HEADER_BYTES, needed)
      const kind = data.readUInt32LE(4)
      data = data.subarray(needed)
      needed = FRAME_HEADER_BYTES
      onFrame(kind, payload)
    }
    pieces = data.length > 0 ? [data] : []
    waiting = data.length
  }
}
