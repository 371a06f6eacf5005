// A fresh host gets the filters of another before it takes over from it.
import { loadMessage } from '../../protocol/load-message.ts'
import { loadOf, readLoaded } from '../../protocol/verdict-reader.ts'
import { MessageKind, ReplyKind } from '../../protocol/wire.ts'
import { type HostProcess } from '../process/host-process.ts'
import { type HostedProgram, WorkList } from './work-list.ts'

const OWN_MS = 10_000

/** Loads programs into a host that is not in use yet. Gives their slots, or nothing when one could not be loaded in time. */
export async function prepare(
  host: HostProcess,
  programs: readonly HostedProgram[],
): Promise<ReadonlySet<number> | undefined> {
  const slots = new Set<number>()
  const list = new WorkList()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  host.onReply((kind, payload) => {
    if (kind !== ReplyKind.loaded) throw new Error('it was only asked to load')
    const job = list.find(loadOf(payload))
    if (job?.kind !== 'load' || !readLoaded(payload).ok) return resolve(false)
    slots.add(job.hosted.slot)
    if (slots.size === programs.length) resolve(true)
  })
  const ended = (async () => {
    await host.ended
    return false
  })()
  const limitMs = programs.reduce((sum, { program }) => sum + program.limits.batchMs, OWN_MS)
  const timer = setTimeout(() => resolve(false), limitMs)
  for (const hosted of programs) {
    const { seq } = list.addLoad(hosted).job
    host.send(MessageKind.load, loadMessage(seq, hosted.slot, hosted.program))
  }
  if (programs.length === 0) resolve(true)
  const prepared = await Promise.race([promise, ended])
  clearTimeout(timer)
  return prepared ? slots : undefined
}
