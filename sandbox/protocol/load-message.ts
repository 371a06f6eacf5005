// A program as its host is told it.
import { type LoadMessage } from './wire.ts'
import { type LoadJob } from '../isolate/supervision/work-list.ts'

export function loadMessage({ seq, seated }: LoadJob): LoadMessage {
  const { source, fileName, reads, offers, limits } = seated.program
  return { seq, slot: seated.slot, source, fileName, reads, ...(offers && { offers }), limits }
}
