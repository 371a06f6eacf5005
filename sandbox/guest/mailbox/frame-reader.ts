// Reads a batch from the ring into this process: once, whatever the number of filters.
import { readSync } from 'node:fs'
import { type ColumnSet } from '../../columns/batch.ts'
import { type FrameMap, mapFrame } from '../../columns/frame-layout.ts'
import { type EvaluateMessage } from '../../protocol/wire.ts'

/** A batch in this process's memory; valid until the next one is read. */
export interface Frame {
  readonly layout: number
  readonly set: ColumnSet
  readonly map: FrameMap
  readonly rows: number
  readonly items: readonly number[]
  readonly cells: Float64Array
  readonly text: Uint16Array
  /** The binary area, read when first asked for. */
  binary(): Uint8Array
}

function readAt(ringFd: number, target: Uint8Array, position: number): void {
  let at = 0
  while (at < target.length) {
    const count = readSync(ringFd, target, at, target.length - at, position + at)
    if (count === 0) throw new Error('the ring file ends inside a batch')
    at += count
  }
}

/** A reader of the ring behind a descriptor, with a buffer that grows to the largest batch seen. */
export function openFrameReader(ringFd: number) {
  let memory = new ArrayBuffer(1 << 20)
  return function readFrame(message: EvaluateMessage, set: ColumnSet): Frame {
    const { offset, rows, items, textUnits, binaryBytes, layout } = message
    const map = mapFrame(set, { rows, items, textUnits, binaryBytes })
    if (memory.byteLength < map.bytes) memory = new ArrayBuffer(2 ** Math.ceil(Math.log2(map.bytes)))
    readAt(ringFd, new Uint8Array(memory, 0, map.binaryByte), offset)
    const binary = new Uint8Array(memory, map.binaryByte, binaryBytes)
    let read = binaryBytes === 0
    return {
      layout,
      set,
      map,
      rows,
      items,
      cells: new Float64Array(memory, 0, map.textByte / 8),
      text: new Uint16Array(memory, map.textByte, textUnits),
      binary() {
        if (!read) readAt(ringFd, binary, offset + map.binaryByte)
        read = true
        return binary
      },
    }
  }
}
