// Reads the events file of a MirrorMaker as it grows, whoever started the process and wherever its output goes.
import { open, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type MirrorMakerEvent, mirrorMakerEvent } from './log-event.ts'

const POLL_MS = 1000
const READ_BYTES = 64 * 1024

/** Where a reader of the file is. `rest` is a line that is not whole yet. */
interface Place {
  at: number
  rest: string
}

/** What was appended since; begins anew in a file that is shorter than what was read of it (a new start, or rolled over). */
const readOn = async (file: string, place: Place): Promise<readonly string[]> => {
  const handle = await open(file, 'r').catch(() => undefined)
  if (handle === undefined) return []
  try {
    const { size } = await handle.stat()
    if (size < place.at) {
      place.at = 0
      place.rest = ''
    }
    if (size === place.at) return []
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, place.at)
    place.at += bytesRead
    const lines = (place.rest + buffer.toString('utf8', 0, bytesRead)).split('\n')
    place.rest = lines.pop() ?? ''
    return lines
  } finally {
    await handle.close()
  }
}

/** Events from the beginning of the file, then as they are written, until the signal. The file need not exist yet. */
export async function* followEvents(file: string, signal: AbortSignal): AsyncGenerator<MirrorMakerEvent> {
  const place: Place = { at: 0, rest: '' }
  while (!signal.aborted) {
    const lines = await readOn(file, place)
    for (const line of lines) {
      const event = mirrorMakerEvent(line)
      if (event !== undefined) yield event
    }
    if (lines.length === 0) await sleep(POLL_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** The events of the last start, up to where it ended; none where there was none. */
export const eventsOf = async (file: string): Promise<readonly MirrorMakerEvent[]> => {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').flatMap(line => mirrorMakerEvent(line) ?? [])
}
