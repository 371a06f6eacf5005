// A host process: holds isolates, does what the supervisor says, one thing after another on one thread. It runs inside the process sandbox and is
// trusted by nobody: whatever a filter makes it do, the supervisor outside only believes bits and bounded text.
import { type ColumnSet } from '../../columns/batch.ts'
import {
  type EvaluateMessage,
  type LayoutMessage,
  type LoadedReply,
  type LoadMessage,
  type MakeAheadMessage,
  MessageKind,
  Phase,
  ReplyKind,
  type UnloadMessage,
} from '../../protocol/wire.ts'
import { openCpuMeter, threadCpuMs } from '../filter/cpu-meter.ts'
import { LoadFailure } from '../filter/explain-failure.ts'
import { wasStarved } from '../filter/filter-isolate.ts'
import { type Filter, openFilter } from '../filter/filter.ts'
import { makeAhead } from '../filter/fresh-isolates.ts'
import { openFrameReader } from '../mailbox/frame-reader.ts'
import { mark } from './intent.ts'
import { openReply } from './reply.ts'
import { ringFd } from './shared-files.ts'
import { receive, send, sendJson } from './stdio.ts'

const filters = new Map<number, Filter>()
const layouts = new Map<number, ColumnSet>()
const readFrame = openFrameReader(ringFd)
const reply = openReply()
const meter = openCpuMeter({ now: () => performance.now(), threadCpuMs })

function load(message: LoadMessage): LoadedReply {
  const { seq, slot } = message
  filters.get(slot)?.dispose()
  filters.delete(slot)
  for (let attempt = 1; ; attempt++) {
    meter.begin()
    try {
      const filter = openFilter(message, meter)
      filters.set(slot, filter)
      return { seq, slot, ok: true, description: filter.description }
    } catch (error) {
      if (!(error instanceof LoadFailure)) throw error
      const { reason, told } = error
      if (reason !== 'timeout' || !wasStarved(meter.end(), message.limits, attempt))
        return { seq, slot, ok: false, reason, error: told }
    }
  }
}

function evaluate(message: EvaluateMessage): void {
  const { seq, layout, rows } = message
  const frame = readFrame(message, layouts.get(layout) ?? { columns: [], lists: [] })
  reply.begin(seq)
  for (const slot of message.slots) {
    const filter = filters.get(slot)
    if (filter === undefined) continue
    mark(Phase.evaluate, slot, seq)
    const evaluated = filter.evaluate(frame, phase => mark(phase, slot, seq))
    reply.add(slot, rows, filter, evaluated)
    if (evaluated.failure) {
      filter.dispose()
      filters.delete(slot)
    }
  }
  mark(Phase.idle)
  send(ReplyKind.verdicts, reply.take())
}

mark(Phase.idle)
sendJson(ReplyKind.ready, {})
for (;;) {
  const { kind, payload } = receive()
  const message: unknown = JSON.parse(payload.toString())
  if (kind === MessageKind.layout) {
    const { layout, set } = message as LayoutMessage
    layouts.set(layout, set)
  } else if (kind === MessageKind.load) {
    const { slot, seq } = message as LoadMessage
    mark(Phase.load, slot, seq)
    const loaded = load(message as LoadMessage)
    mark(Phase.idle)
    sendJson(ReplyKind.loaded, loaded)
  } else if (kind === MessageKind.unload) {
    const { slot } = message as UnloadMessage
    filters.get(slot)?.dispose()
    filters.delete(slot)
  } else if (kind === MessageKind.makeAhead) {
    const { memoryMb, count } = message as MakeAheadMessage
    makeAhead(memoryMb, count)
  } else if (kind === MessageKind.evaluate) evaluate(message as EvaluateMessage)
}
