// The house: files and rooms import one way, and neither grows beyond what a newcomer takes in.
import { expect, test } from 'vitest'
import { circles, countByFolder, graphOf, isForTests, roomOf } from './shape.ts'
import { filesUnder, folderOf, importedFile, importsOf, modules, read, TOP_FOLDERS } from './tree.ts'

const MAX_FILES = 14
const MAX_LINES = 400
/** Folders that may hold more files, each with the reason. */
const MAY_BE_CROWDED: Readonly<Record<string, string>> = {}

/** From file to file, also of imports that name types only. */
const edges = modules()
  .flatMap(importsOf)
  .filter(({ target }) => target.startsWith('.'))
  .map(line => [line.file, importedFile(line)] as const)

/** What people read: also Python and plain JavaScript, tests and their fixtures aside. */
const sources = TOP_FOLDERS.flatMap(filesUnder).filter(
  name => /\.(tsx?|mjs|js|py)$/.test(name) && !name.startsWith('filters/examples/'),
)

test('no files import one another in a circle, not even for types', () => {
  expect(circles(graphOf(edges)).map(circle => circle.join(' '))).toEqual([])
})

test.each(TOP_FOLDERS)('no rooms of %s import one another in a circle', folder => {
  const between = edges.flatMap(([from, to]) => {
    const rooms = [roomOf(from), roomOf(to)] as const
    return isForTests(from) || isForTests(to) || folderOf(from) !== folder || rooms.includes(undefined)
      ? []
      : [{ from, to, rooms: [rooms[0]!, rooms[1]!] as const }]
  })
  const texts = circles(graphOf(between.map(({ rooms }) => rooms))).map(circle => {
    const why = between.filter(({ rooms: [a, b] }) => a !== b && circle.includes(a) && circle.includes(b))
    return `${circle.join(' ')}:\n${why.map(({ from, to }) => `  ${from} → ${to}`).join('\n')}`
  })
  expect(texts).toEqual([])
})

test(`no folder holds more than ${MAX_FILES} sources`, () => {
  const counts = countByFolder(sources.filter(file => !isForTests(file)))
  const crowded = [...counts].filter(([name, count]) => count > MAX_FILES && MAY_BE_CROWDED[name] === undefined)
  expect(crowded.map(([name, count]) => `${name} has ${count}`)).toEqual([])
})

test('a folder that may be crowded is', () => {
  const counts = countByFolder(sources.filter(file => !isForTests(file)))
  expect(Object.keys(MAY_BE_CROWDED).filter(name => (counts.get(name) ?? 0) <= MAX_FILES)).toEqual([])
})

test('no file is longer than 400 lines, and half of them are no longer than 100', () => {
  const lengths = sources.map(file => ({ file, lines: read(file).split('\n').length }))
  expect(lengths.filter(({ lines }) => lines > MAX_LINES)).toEqual([])
  const sorted = lengths.map(({ lines }) => lines).toSorted((a, b) => a - b)
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(100)
})
