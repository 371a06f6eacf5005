// The small file in which a host says what it is about to do, and the descriptor by which it is read from outside.
import { closeSync, fchmodSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { type SharedFile } from '../../jail/jail.ts'
import { makeSharedFolder } from '../../machine/shared-folder.ts'
import { INTENT_BYTES } from '../../protocol/wire.ts'

/** What a host said last. */
export interface Intent {
  readonly slot: number
  readonly seq: number
  readonly phase: number
  readonly count: number
}

/** Makes one below `parent`. `named`: its host opens it by name, so it stays there until it is closed. */
export function openIntentFile(parent: string, { named = false } = {}) {
  const { folder, remove } = makeSharedFolder(parent, 'intent')
  const path = join(folder, 'intent')
  const writer = openSync(path, 'w', 0o600)
  const reader = openSync(path, 'r')
  if (named) fchmodSync(writer, 0o666)
  else remove()
  const record = new Uint32Array(INTENT_BYTES / 4)
  const bytes = new Uint8Array(record.buffer)

  return {
    file: { descriptor: writer, folder } satisfies SharedFile,
    read(): Intent {
      readSync(reader, bytes, 0, INTENT_BYTES, 0)
      return { slot: record[0] ?? 0, seq: record[1] ?? 0, phase: record[2] ?? 0, count: record[3] ?? 0 }
    },
    /** The host has its own end of it now. */
    handedOver: (): void => closeSync(writer),
    close(): void {
      closeSync(reader)
      if (named) remove()
    },
  }
}
