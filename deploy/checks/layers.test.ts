// Each stage of an alert's way knows what is upstream of it, never what is downstream: every import of the tree against that table.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderOf, importedFile, importsOf, MAY_IMPORT, modules, read, ROOT, TOP_FOLDERS } from './tree.ts'

/** Further surfaces of a folder, where loading all of it would be too much. */
const ENTRIES: Record<string, string> = { cli: 'api' }
/** `api` may name the types of the rest. */
const MAY_IMPORT_TYPES: Record<string, readonly string[]> = { api: ['mirrors', 'sandbox'] }

const files = modules().filter(name => !name.endsWith('.mjs'))
const imports = files.flatMap(importsOf)

test('every import across folders goes through the other folder’s index and follows the table', () => {
  const breaches = imports.flatMap(line => {
    const { file, target, typeOnly } = line
    const from = folderOf(file)
    if (target.startsWith('#')) {
      const name = target.slice(1)
      const to = ENTRIES[name] ?? name
      const allowed = [from, ...(MAY_IMPORT[from] ?? []), ...(typeOnly ? (MAY_IMPORT_TYPES[from] ?? []) : [])]
      return allowed.includes(to) && to !== from ? [] : [`${file} imports ${target}`]
    }
    if (!target.startsWith('.')) return []
    const to = folderOf(importedFile(line))
    return to === from ? [] : [`${file} reaches into ${to} by ${target}; import #${to} instead`]
  })
  expect(breaches).toEqual([])
})

test('each folder has an index and a README', () => {
  const missing = TOP_FOLDERS.flatMap(folder => {
    const names = readdirSync(join(ROOT, folder))
    return ['index.ts', 'README.md'].filter(name => !names.includes(name)).map(name => `${folder}/${name}`)
  })
  expect(missing).toEqual([])
})

/** Files that name the environment without taking settings from it. */
const NAMES_THE_ENVIRONMENT = [
  'api/subscribers/client-programs.ts', // in the text of an example for subscribers
  'sandbox/hostile/canaries.ts', // compares it before and after a hostile filter
]

test('the environment is read only where a process starts', () => {
  const offenders = files.filter(
    file =>
      !NAMES_THE_ENVIRONMENT.includes(file) &&
      !/(config|main)\.ts$|\.(test|fixture)\.ts$|\/(bench|checks|e2e)\//.test(file) &&
      read(file).includes('process.env'),
  )
  expect(offenders).toEqual([])
})
