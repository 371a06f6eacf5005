// Which container a filter goes to: one of its own, or where that was chosen, one of its author.
import { type Program } from '../sandbox.ts'
import { MAX_TENANTS, type Room } from './supervision/shared-container.ts'

export interface RoomsOptions {
  readonly shareByAuthor: boolean
  /** Makes a room whose filters have so much memory together. */
  readonly open: (memoryMb: number) => Room
}

/** A function that gives the room of a program. Filters of different authors never share one, and a quarantined filter is always alone. */
export function openRooms({ shareByAuthor, open }: RoomsOptions) {
  const shared = new Map<string, Room>()
  return function roomOf({ author, trust, limits }: Program): Room {
    if (!shareByAuthor || author === undefined || trust === 'quarantined') return open(limits.memoryMb)
    for (const [key, room] of shared) if (room.isEmpty) shared.delete(key)
    const key = JSON.stringify([author, trust, limits.memoryMb])
    const present = shared.get(key)
    if (present !== undefined && !present.isFull) return present
    const room = open(limits.memoryMb * MAX_TENANTS)
    shared.set(key, room)
    return room
  }
}
