// The names that somebody may have meant who wrote another.

const MAX_NEAR = 3
/** Longer than any field's name: what is longer was not meant as one. */
const MAX_CHARS = 100

/** How many letters have to be put in, left out, replaced or swapped with their neighbour to make one text of the other. */
function distance(one: string, other: string): number {
  let [beforeLast, last] = [[] as number[], Array.from({ length: other.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1]
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      const changes = [(last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1)]
      row.push(Math.min(...changes, swapped ? (beforeLast[j - 2] ?? 0) + 1 : Infinity))
    }
    ;[beforeLast, last] = [last, row]
  }
  return last[other.length] ?? 0
}

/** Up to three of the known names that are like `name`, the likest first: a third of its letters may differ, and letters' case counts as nothing. */
export function nearNames(name: string, known: Iterable<string>): readonly string[] {
  if (name.length > MAX_CHARS) return []
  const lower = name.toLowerCase()
  const scored = [...known].flatMap(candidate => {
    const likeness = candidate.toLowerCase()
    const within = lower.length > 3 && (likeness.includes(lower) || lower.includes(likeness)) && likeness.length > 3
    const far = within ? 1 : distance(lower, likeness)
    return far <= Math.max(1, name.length / 3) ? [{ candidate, far }] : []
  })
  return scored
    .toSorted((a, b) => a.far - b.far)
    .slice(0, MAX_NEAR)
    .map(({ candidate }) => candidate)
}
