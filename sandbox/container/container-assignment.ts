// Which container a filter goes to: one of its own, or where that was chosen, one of its author.
import { type Program } from '../sandbox.ts'
import { MAX_FILTERS, type SharedContainer } from './supervision/shared-container.ts'

export interface ContainerAssignmentOptions {
  readonly shareByAuthor: boolean
  /** Makes a container whose filters have so much memory together. */
  readonly open: (memoryMb: number) => SharedContainer
}

/** A function that gives the container of a program. Filters of different authors never share one, and a quarantined filter is always alone. */
export function openContainerAssignment({ shareByAuthor, open }: ContainerAssignmentOptions) {
  const shared = new Map<string, SharedContainer>()
  return function containerFor({ author, trust, limits }: Program): SharedContainer {
    if (!shareByAuthor || author === undefined || trust === 'quarantined') return open(limits.memoryMb)
    for (const [key, container] of shared) if (container.isEmpty) shared.delete(key)
    const key = JSON.stringify([author, trust, limits.memoryMb])
    const present = shared.get(key)
    if (present !== undefined && !present.isFull) return present
    const container = open(limits.memoryMb * MAX_FILTERS)
    shared.set(key, container)
    return container
  }
}
