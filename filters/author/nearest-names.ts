// Names that somebody may have meant.

const MAX_CHARS = 100

/** The fewest insertions, deletions and replacements that make one text of the other, upper and lower case alike. */
function distance(a: string, b: string): number {
  const [one, other] = [a.toLowerCase(), b.toLowerCase()]
  let above = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const replaced = (above[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    above = row
  }
  return above[other.length] ?? 0
}

/** At most `count` of the names, the nearest first; none where a name is too long to be compared. */
export function nearestNames(name: string, names: Iterable<string>, count = 3): string[] {
  if (name.length > MAX_CHARS) return []
  return [...names]
    .map(known => ({ known, far: distance(name, known.slice(0, MAX_CHARS)) }))
    .toSorted((a, b) => a.far - b.far || (a.known < b.known ? -1 : 1))
    .slice(0, count)
    .map(({ known }) => known)
}
