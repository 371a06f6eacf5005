// Each stage of an alert's way knows what is upstream of it, never what is downstream: every import of the tree against that table.
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const MAY_IMPORT: Record<string, readonly string[]> = {
  sandbox: [],
  hub: [],
  mirrors: ['hub'],
  filters: ['hub', 'mirrors', 'sandbox'],
  api: ['hub', 'filters'],
  deploy: ['hub', 'mirrors', 'filters', 'sandbox', 'api'],
}
/** Further surfaces of a folder, where loading all of it would be too much. */
const ENTRIES: Record<string, string> = { cli: 'api' }
/** `api` may name the types of the rest. */
const MAY_IMPORT_TYPES: Record<string, readonly string[]> = { api: ['mirrors', 'sandbox'] }

interface Import {
  readonly file: string
  readonly target: string
  readonly typeOnly: boolean
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(name => /\.tsx?$/.test(name) && !name.includes('node_modules') && !name.startsWith('filters/examples/'))

/** `import { type A, type B } from …` names types only, as `import type …` does. */
const namesTypesOnly = (statement: string): boolean => {
  const names =
    /\{([^}]*)\}/
      .exec(statement)?.[1]
      ?.split(',')
      .filter(name => name.trim() !== '') ?? []
  return names.length > 0 && names.every(name => name.trim().startsWith('type '))
}

const importsOf = (file: string): Import[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(IMPORT)].map(match => ({
    file,
    target: match[2] ?? match[3] ?? '',
    typeOnly: match[1] !== undefined || namesTypesOnly(match[0]),
  }))

const files = Object.keys(MAY_IMPORT).flatMap(sources)
const imports = files.flatMap(importsOf)
const folderOf = (path: string): string => path.split('/')[0] ?? ''

test('every import across folders goes through the other folder’s index and follows the table', () => {
  const breaches = imports.flatMap(({ file, target, typeOnly }) => {
    const from = folderOf(file)
    if (target.startsWith('#')) {
      const name = target.slice(1)
      const to = ENTRIES[name] ?? name
      const allowed = [from, ...(MAY_IMPORT[from] ?? []), ...(typeOnly ? (MAY_IMPORT_TYPES[from] ?? []) : [])]
      return allowed.includes(to) && to !== from ? [] : [`${file} imports ${target}`]
    }
    if (!target.startsWith('.')) return []
    const to = folderOf(relative(root, resolve(root, dirname(file), target)))
    return to === from ? [] : [`${file} reaches into ${to} by ${target}; import #${to} instead`]
  })
  expect(breaches).toEqual([])
})

test('no file imports itself by a circle', () => {
  const graph = new Map<string, string[]>()
  for (const { file, target, typeOnly } of imports) {
    if (typeOnly || !target.startsWith('.')) continue
    graph.set(file, [...(graph.get(file) ?? []), relative(root, resolve(root, dirname(file), target))])
  }
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      return
    }
    if (done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  expect(circles).toEqual([])
})

test('each folder has an index and a README', () => {
  const missing = Object.keys(MAY_IMPORT).flatMap(folder => {
    const names = readdirSync(join(root, folder))
    return ['index.ts', 'README.md'].filter(name => !names.includes(name)).map(name => `${folder}/${name}`)
  })
  expect(missing).toEqual([])
})

test('no file is longer than 400 lines, and half of them are no longer than 100', () => {
  const lengths = files.map(file => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length }))
  expect(lengths.filter(({ lines }) => lines > 400)).toEqual([])
  const sorted = lengths.map(({ lines }) => lines).toSorted((a, b) => a - b)
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(100)
})

/** Files that name the environment without taking settings from it. */
const NAMES_THE_ENVIRONMENT = [
  'api/brokers/consumers.ts', // in the text of an example for subscribers
  'deploy/processes/api/instance.ts', // starts an instance for tests
  'sandbox/hostile/outside.ts', // compares it before and after a hostile filter
]

test('the environment is read only where a process starts', () => {
  const offenders = files.filter(
    file =>
      !NAMES_THE_ENVIRONMENT.includes(file) &&
      !/(config|main)\.ts$|\.(test|fixture)\.ts$|\/(bench|checks|e2e)\//.test(file) &&
      readFileSync(join(root, file), 'utf8').includes('process.env'),
  )
  expect(offenders).toEqual([])
})
