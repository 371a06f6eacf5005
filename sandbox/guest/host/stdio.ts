// Frames over the host's stdin and stdout, which block: the host has nothing to do while it waits.
import { readSync, writeSync } from 'node:fs'
import { FRAME_HEADER_BYTES } from '../../protocol/wire.ts'

const STDIN = 0
const STDOUT = 1
const header = Buffer.alloc(FRAME_HEADER_BYTES)

const isBusy = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EAGAIN'

function readExactly(target: Uint8Array): void {
  let at = 0
  while (at < target.length) {
    let count: number
    try {
      count = readSync(STDIN, target, at, target.length - at, null)
    } catch (error) {
      if (isBusy(error)) continue
      throw error
    }
    // The supervisor is gone or closed the host: nothing to save here.
    if (count === 0) process.exit(0)
    at += count
  }
}

/** Waits for the next frame. */
export function receive(): { readonly kind: number; readonly payload: Buffer } {
  readExactly(header)
  const payload = Buffer.allocUnsafe(header.readUInt32LE(0))
  const kind = header.readUInt32LE(4)
  readExactly(payload)
  return { kind, payload }
}

/** Writes one frame, waiting for the supervisor to take it. */
export function send(kind: number, payload: Uint8Array): void {
  const head = Buffer.alloc(FRAME_HEADER_BYTES)
  head.writeUInt32LE(payload.length, 0)
  head.writeUInt32LE(kind, 4)
  const frame = Buffer.concat([head, payload])
  let at = 0
  while (at < frame.length) {
    try {
      at += writeSync(STDOUT, frame, at)
    } catch (error) {
      if (!isBusy(error)) throw error
    }
  }
}

export const sendJson = (kind: number, value: unknown): void => send(kind, Buffer.from(JSON.stringify(value)))
