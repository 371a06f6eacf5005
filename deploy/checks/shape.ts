// Rules on the shape of the tree that need no file system: circles in a graph, and which room a file is in.
import { dirname } from 'node:path'

export type Graph = ReadonlyMap<string, ReadonlySet<string>>

/** From pairs of importer and imported; whoever imports itself is no circle. */
export const graphOf = (edges: Iterable<readonly [string, string]>): Graph => {
  const graph = new Map<string, Set<string>>()
  for (const [from, to] of edges) {
    if (from === to) continue
    graph.set(from, (graph.get(from) ?? new Set()).add(to))
    if (!graph.has(to)) graph.set(to, new Set())
  }
  return graph
}

/** Sets of nodes that reach one another (Tarjan's strongly connected components of more than one node), each sorted. */
export const circles = (graph: Graph): string[][] => {
  const found: string[][] = []
  const numbers = new Map<string, number>()
  const lowest = new Map<string, number>()
  const path: string[] = []
  const visit = (node: string): void => {
    numbers.set(node, numbers.size)
    lowest.set(node, numbers.get(node)!)
    path.push(node)
    for (const next of graph.get(node) ?? []) {
      if (!numbers.has(next)) visit(next)
      if (path.includes(next)) lowest.set(node, Math.min(lowest.get(node)!, lowest.get(next)!))
    }
    if (lowest.get(node) !== numbers.get(node)) return
    const circle = path.splice(path.indexOf(node))
    if (circle.length > 1) found.push(circle.toSorted())
  }
  for (const node of graph.keys()) if (!numbers.has(node)) visit(node)
  return found
}

/** Tests and what only tests use: they may look into any room. */
export const isForTests = (file: string): boolean => /\.(test|fixture|setup)\.(tsx?|mjs|py)$/.test(file)

/** A room is a folder below a top folder, or a file right in that; its index is the public surface of all rooms and in none. */
export const roomOf = (file: string): string | undefined => {
  const folder = dirname(file)
  if (folder.includes('/')) return folder
  return file === `${folder}/index.ts` ? undefined : file
}

/** How many files each folder holds. */
export const countByFolder = (files: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1)
  return counts
}
