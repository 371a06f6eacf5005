// The engine's attach stream → standard output and standard error of a container. Pieces are handed on as they come: nothing is kept, so the reader's
// pace is the stream's.

const HEADER_BYTES = 8
const STDERR = 2

/** Takes what a container or host writes, piece by piece. */
export type OutputListener = (stream: 'stdout' | 'stderr', bytes: Buffer) => void

/** Takes pieces; calls `onBytes` with parts of one stream. Throws when a header is not one: the stream is then useless. */
export function openStreamSplitter(onBytes: OutputListener) {
  const header = Buffer.alloc(HEADER_BYTES)
  let have = 0
  let left = 0

  return function push(piece: Buffer): void {
    let at = 0
    while (at < piece.length) {
      if (left === 0) {
        const taken = piece.copy(header, have, at, at + HEADER_BYTES - have)
        have += taken
        at += taken
        if (have < HEADER_BYTES) return
        have = 0
        if ((header[0] ?? 0) > STDERR || header.readUIntBE(1, 3) !== 0)
          throw new Error(`the engine sent ${header.toString('hex')} where a stream's header belongs`)
        left = header.readUInt32BE(4)
        continue
      }
      const bytes = piece.subarray(at, at + left)
      at += bytes.length
      left -= bytes.length
      onBytes(header[0] === STDERR ? 'stderr' : 'stdout', bytes)
    }
  }
}
