// A batch of a survey's records as portions, each of which is one transaction. Containers may grow by far when they are unpacked, so that a batch may
// have to be committed in several.
import { type HubError } from '../errors.ts'
import { type CommitBatch } from '../kafka/consume/commit-batches.ts'
import { type Message } from '../kafka/produce/messages.ts'
import { type Portion } from './advance-progress.ts'
import { type Convert, convertPacket, type UpstreamPacket } from './convert-packets.ts'

/** Of messages, after which a portion ends. */
const MAX_BYTES = 16 * 1024 * 1024

export interface ReadyPortion extends Portion {
  readonly messages: readonly Message[]
  readonly letters: readonly Message[]
  /** The batch is done with it. */
  readonly isLast: boolean
}

interface Open {
  readonly packets: UpstreamPacket[]
  readonly messages: Message[]
  readonly letters: Message[]
  bytes: number
}

const open = (): Open => ({ packets: [], messages: [], letters: [], bytes: 0 })

/** Converts a batch's records in their order. A gap is in the portion that passes it. Rejects as convertPacket. */
export async function* cutPortions(
  batch: Pick<CommitBatch, 'packets' | 'next' | 'gaps'>,
  convert: Convert,
  letterOf: (packet: UpstreamPacket, error: HubError) => Message,
  maxBytes = MAX_BYTES,
): AsyncGenerator<ReadyPortion> {
  let gaps = batch.gaps
  const close = ({ packets, messages, letters }: Open, next: Portion['next'], isLast: boolean): ReadyPortion => {
    const passed = gaps.filter(({ partition, to }) => isLast || (next.get(partition) ?? -1n) >= to)
    gaps = gaps.filter(gap => !passed.includes(gap))
    const bytes = messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
    const made = { packets: messages.length, bytes, deadLetters: letters.length }
    return { packets, messages, letters, next, gaps: passed, made, isLast }
  }
  let portion = open()
  for (const [at, packet] of batch.packets.entries()) {
    const { messages, letters, bytes } = await convertPacket(packet, convert, letterOf)
    portion.packets.push(packet)
    portion.messages.push(...messages)
    portion.letters.push(...letters)
    portion.bytes += bytes
    if (portion.bytes < maxBytes || at === batch.packets.length - 1) continue
    const next = new Map(portion.packets.map(({ partition, offset }) => [partition, offset + 1n]))
    yield close(portion, next, false)
    portion = open()
  }
  yield close(portion, batch.next, true)
}
