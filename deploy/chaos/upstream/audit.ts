// What a survey sent against what the hub has. Pure.

/** Hashes by the survey's partition, in the order of sending. */
export type Sent = Map<number, string[]>

export interface Differences {
  /** Packets that the hub lacks, that it has more than once, and that the survey did not send. */
  readonly lost: number
  readonly duplicated: number
  readonly foreign: number
  /** Packets that lie before another of their partition that was sent earlier. */
  readonly outOfOrder: number
}

/** `came` is by the hub's partition; the survey's partitions go to them in turn. Each packet was sent once. */
export const compare = (sent: Sent, came: readonly (readonly string[])[]): Differences => {
  const wanted = new Set([...sent.values()].flat())
  const seen = new Set<string>()
  let [duplicated, foreign, outOfOrder] = [0, 0, 0]
  for (const hash of came.flat()) {
    if (!wanted.has(hash)) foreign++
    else if (seen.has(hash)) duplicated++
    seen.add(hash)
  }
  for (const [partition, hashes] of sent) {
    const place = new Map(came[partition % came.length]?.map((hash, at) => [hash, at]))
    const places = hashes.flatMap(hash => place.get(hash) ?? [])
    outOfOrder += places.filter((at, index) => index > 0 && at < (places[index - 1] ?? 0)).length
  }
  return { lost: [...wanted].filter(hash => !seen.has(hash)).length, duplicated, foreign, outOfOrder }
}

export const noteSent = (sent: Sent, partition: number, hash: string): void => {
  const before = sent.get(partition)
  if (before === undefined) sent.set(partition, [hash])
  else before.push(hash)
}
