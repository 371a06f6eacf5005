// Which messages a reader has printed already. A client that lost its connection reads again from what its group last committed. Pure.

/** Says whether a message of that partition is new, and notes it; offsets of a partition only grow. */
export function openPrintedOffsets(): (partition: string, offset: bigint) => boolean {
  const next = new Map<string, bigint>()
  return (partition, offset) => {
    if (offset < (next.get(partition) ?? 0n)) return false
    next.set(partition, offset + 1n)
    return true
  }
}
