// The position of a lane: the next offset of each partition that it has to evaluate, and the rules two positions are compared by.
import { FilterError } from '../errors.ts'

/**
 * Positions count data records only: after a packet it is that packet's offset + 1, and control records behind it are not counted.
 * So two lanes that have evaluated the same packets have equal positions, whatever markers their clients happened to step over.
 */
export type Positions = ReadonlyMap<number, bigint>

/** Where a packet at `offset` leaves its lane. */
export const after = (offset: bigint): bigint => offset + 1n

/**
 * Packets of a partition are taken only in order and after the lane's position.
 * @throws FilterError FILTER_POSITION: what was read does not follow; the shard has to be restored.
 */
export function follow(positions: Map<number, bigint>, partition: number, offset: bigint): void {
  const position = positions.get(partition) ?? 0n
  if (offset < position)
    throw new FilterError(
      'FILTER_POSITION',
      `Partition ${partition} gave offset ${offset} although everything before ${position} is evaluated; the shard restores its position and reads again`,
    )
  positions.set(partition, after(offset))
}

/** Whether `lane` has evaluated everything that `other` has, and perhaps more. */
export function covers(lane: Positions, other: Positions): boolean {
  for (const [partition, position] of other) if ((lane.get(partition) ?? 0n) < position) return false
  return true
}

/** What a filter has evaluated beyond `lane`, which it joins: until the lane gets there, the filter skips these offsets. */
export function aheadOf(filter: Positions, lane: Positions): Map<number, bigint> {
  const ahead = new Map<number, bigint>()
  for (const [partition, position] of filter) if (position > (lane.get(partition) ?? 0n)) ahead.set(partition, position)
  return ahead
}

/** Drops what the lane has reached. True when something was dropped. */
export function catchUp(ahead: Map<number, bigint>, lane: Positions): boolean {
  let changed = false
  for (const [partition, position] of ahead)
    if ((lane.get(partition) ?? 0n) >= position) changed = ahead.delete(partition)
  return changed
}

/** Whether a filter that is ahead has already evaluated the packet at this offset. */
export const isBehind = (ahead: Positions, partition: number, offset: bigint): boolean =>
  offset < (ahead.get(partition) ?? 0n)
