// Which partitions this MirrorMaker copies, of those that it shares with its peers: by what it says of its tasks. Pure.
import { type MirrorMakerEvent } from './log-event.ts'

export interface OwnTasks {
  /** Takes the next line of this start. */
  note: (event: MirrorMakerEvent) => void
  isOwn: (topic: string, partition: number) => boolean
}

/** Of a start that has said nothing yet: none. */
export const openOwnTasks = (): OwnTasks => {
  const tasks = new Map<number, ReadonlySet<string>>()
  const placeOf = (topic: string, partition: number): string => `${topic}-${partition}`
  return {
    note: event => {
      if (event.kind === 'replicating')
        tasks.set(event.task, new Set(event.partitions.map(({ topic, partition }) => placeOf(topic, partition))))
      if (event.kind === 'ended') tasks.delete(event.task)
    },
    isOwn: (topic, partition) => tasks.values().some(places => places.has(placeOf(topic, partition))),
  }
}
