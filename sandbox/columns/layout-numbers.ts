// Numbers for column sets, so that a host is told each set once and a batch names it by its number.
import { type ColumnSet } from './batch.ts'

/** The same number for equal sets; finding it for a set object seen before costs nothing. */
export function openLayouts() {
  const bySet = new WeakMap<ColumnSet, number>()
  const byContent = new Map<string, number>()
  let next = 0
  return function layoutOf(set: ColumnSet): number {
    const known = bySet.get(set)
    if (known !== undefined) return known
    const content = JSON.stringify([set.columns, set.lists])
    const layout = byContent.get(content) ?? next++
    byContent.set(content, layout)
    bySet.set(set, layout)
    return layout
  }
}
