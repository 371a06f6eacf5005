// Breaches of the house rules that are known, a file for each top folder: none may be added, and one that is mended has to leave its list.
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ROOT } from './tree.ts'

/** By rule ("circles of files", "readme hub/README.md columns", …) the breaches of a top folder. */
type Known = Readonly<Record<string, readonly string[]>>

const listOf = (folder: string): string => join(import.meta.dirname, 'known', `${folder}.json`)

const knownOf = (folder: string, rule: string): readonly string[] => {
  const file = listOf(folder)
  if (!existsSync(file)) return []
  const known: Known = JSON.parse(readFileSync(file, 'utf8'))
  return known[rule] ?? []
}

/**
 * What is wrong beyond the known: breaches whose key is not in `known/<folder>.json` under the rule, and keys there that are no breach
 * any more. `found` has for each key of a breach its text.
 */
export const unexpected = (folder: string, rule: string, found: ReadonlyMap<string, string>): string[] => {
  const known = knownOf(folder, rule)
  const fresh = [...found].filter(([key]) => !known.includes(key)).map(([, text]) => text)
  const mended = known.filter(key => !found.has(key))
  return [
    ...fresh,
    ...mended.map(key => `${key} is mended: take it out of "${rule}" in ${relative(ROOT, listOf(folder))}`),
  ]
}
