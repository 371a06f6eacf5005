// What the hub acknowledged of a chaos run, kept as it is played: the audit's truth, also of what the hub no longer has. audit/played.py reads it.
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { type Acknowledged } from '#hub'

/** A packet as it was given to the producer. */
export interface SentPacket {
  readonly partition: number
  readonly alertId: string
  /** Of this copy, ms since 1970: timestamps of records need not say so. */
  readonly sentMs: number
  readonly packet: Buffer
}

export interface Journal {
  /** Writes down the packets of one request, in their order, and where the hub has them. Throws where an acknowledgement is missing. */
  acknowledged(packets: readonly SentPacket[], written: readonly Acknowledged[]): Promise<void>
  close(): Promise<void>
}

export const journalFiles = (dir: string) => ({
  /** A line of JSON for each acknowledged packet: partition, offset, alert, sentMs, sha256, and the place of its bytes. */
  acknowledged: join(dir, 'acknowledged.jsonl'),
  /** The packets, each once. */
  packets: join(dir, 'packets'),
})

interface Kept {
  readonly at: number
  readonly bytes: number
  readonly sha256: string
}

export const openJournal = async (dir: string): Promise<Journal> => {
  await mkdir(dir, { recursive: true })
  const files = journalFiles(dir)
  const lines = await open(files.acknowledged, 'w')
  const packets = await open(files.packets, 'w')
  const kept = new Map<string, Kept>()
  let end = 0

  const keep = async (packet: Buffer): Promise<Kept> => {
    const sha256 = createHash('sha256').update(packet).digest('hex')
    const known = kept.get(sha256)
    if (known !== undefined) return known
    await packets.appendFile(packet)
    const place = { at: end, bytes: packet.length, sha256 }
    end += packet.length
    kept.set(sha256, place)
    return place
  }
  return {
    acknowledged: async (sent, written) => {
      const next = new Map(written.map(({ partition, offset }) => [partition, offset]))
      let text = ''
      for (const { partition, alertId, sentMs, packet } of sent) {
        const offset = next.get(partition)
        if (offset === undefined) throw new Error(`the hub did not say where it has packets of partition ${partition}`)
        next.set(partition, offset + 1n)
        const line = { partition, offset: Number(offset), alert: alertId, sentMs, ...(await keep(packet)) }
        text += `${JSON.stringify(line)}\n`
      }
      await lines.appendFile(text)
    },
    close: async () => {
      const handles: FileHandle[] = [lines, packets]
      for (const handle of handles) await handle.close()
    },
  }
}
