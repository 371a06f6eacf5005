// The files of the tree and what they import, as the checks on its shape read them.
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../..')

/** Each stage of an alert's way, and the folders whose index it may import. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  sandbox: [],
  hub: [],
  mirrors: ['hub'],
  filters: ['hub', 'mirrors', 'sandbox'],
  api: ['hub', 'filters'],
  deploy: ['hub', 'mirrors', 'filters', 'sandbox', 'api'],
}

/** The folders at the top, all of which hold sources. */
export const TOP_FOLDERS = Object.keys(MAY_IMPORT)

export interface Import {
  readonly file: string
  /** As it is written: `#hub`, `./visit-cap.ts`, `node:fs`. */
  readonly target: string
  readonly typeOnly: boolean
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

const NOT_OURS = /(^|\/)(node_modules|__pycache__|\.[^/]+)(\/|$)/

/** Listings that were asked for; nothing makes files while the checks run. */
const listings = new Map<string, readonly string[]>()

/** All files under a folder, as paths from the root. What is installed, compiled or hidden is left out. */
export const filesUnder = (folder: string): readonly string[] => {
  const known = listings.get(folder)
  if (known !== undefined) return known
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(name => !NOT_OURS.test(name))
  listings.set(folder, names)
  return names
}

export const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

export const folderOf = (path: string): string => path.split('/')[0] ?? ''

/** `import { type A, type B } from …` names types only, as `import type …` does. */
const namesTypesOnly = (statement: string): boolean => {
  const names =
    /\{([^}]*)\}/
      .exec(statement)?.[1]
      ?.split(',')
      .filter(name => name.trim() !== '') ?? []
  return names.length > 0 && names.every(name => name.trim().startsWith('type '))
}

export const importsOf = (file: string): Import[] =>
  [...read(file).matchAll(IMPORT)].map(match => ({
    file,
    target: match[2] ?? match[3] ?? '',
    typeOnly: match[1] !== undefined || namesTypesOnly(match[0]),
  }))

/** The file that a relative import means, as a path from the root. */
export const importedFile = ({ file, target }: Import): string => relative(ROOT, resolve(ROOT, dirname(file), target))

/** Sources that can import one another: TypeScript and the few files that are plain JavaScript. Authors' examples are none of ours. */
export const modules = (): string[] =>
  TOP_FOLDERS.flatMap(filesUnder).filter(name => /\.(tsx?|mjs)$/.test(name) && !name.startsWith('filters/examples/'))
