import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { kafkaJarsIn, verifyJars } from './kafka-jars.ts'
import { searchPath } from './programs.ts'
import { BENCHES, type Part } from './purposes.ts'
import { requirements } from './requirements.ts'
import { runCommand } from './run-command.ts'
import { listOf } from './set-up.ts'

const cacheDir = join(import.meta.dirname, '../../.cache')

test('what is missing is listed at once, each with its command and what works without it', () => {
  const text = listOf(requirements([]).filter(({ name }) => ['Redis', 'Docker engine'].includes(name)))
  expect(text).toContain('Redis: nothing starts without it')
  expect(text).toContain('Python filters need it')
  expect(text).toContain('All at once: sudo apt-get install redis-server docker.io')
})

test('a program outside every folder of the search path is not found', async () => {
  const redis = requirements(['/nowhere']).find(({ name }) => name === 'Redis')
  expect(await redis?.find()).toBeUndefined()
  expect(searchPath('/a:/b')).toContain('/usr/sbin')
})

test('a jar that differs from the committed list is refused by name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skysieve-jars-'))
  const [first = ''] = readdirSync(kafkaJarsIn(cacheDir))
  cpSync(join(kafkaJarsIn(cacheDir), first), join(folder, first))
  writeFileSync(join(folder, 'stranger.jar'), 'x')
  await expect(verifyJars(folder)).rejects.toThrow(/kafka-clients-4\.3\.1\.jar is missing/)
  await expect(verifyJars(folder)).rejects.toThrow(/stranger\.jar is not in the list/)
  await expect(verifyJars(folder)).rejects.not.toThrow(`${first} has the SHA-256`)
})

test('a program of set-up that fails shows the end of its output', async () => {
  await expect(runCommand('sh', ['-c', 'echo no space left >&2; exit 3'])).rejects.toThrow(
    /ended with 3[^]*no space left/,
  )
  await expect(runCommand('no-such-program-here', [])).rejects.toThrow(/ended with 127/)
})

const root = join(import.meta.dirname, '../..')
const FOLDERS = ['hub', 'mirrors', 'filters', 'sandbox', 'api', 'deploy']
/** Whatever a README or a bench's own head calls `npm run bench -- NAME`. */
const BENCH = /npm run bench -- ([a-z][a-z-]*)/g

/** The files of a folder's benches, also those of its sub-folders, as absolute paths. */
const benchFiles = (folder: string): string[] =>
  readdirSync(join(root, folder, 'bench'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.(ts|py|md)$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))

test('every bench that is named anywhere says what it needs, and is there', () => {
  const texts = FOLDERS.flatMap(folder => [join(root, folder, 'README.md'), ...benchFiles(folder)]).map(file =>
    readFileSync(file, 'utf8'),
  )
  const named = new Set(texts.flatMap(text => [...text.matchAll(BENCH)].flatMap(([, name = '']) => name)))
  const there = FOLDERS.flatMap(folder => readdirSync(join(root, folder, 'bench')))
  expect(named.size).toBeGreaterThan(10)
  expect([...named].filter(name => BENCHES[name] === undefined)).toEqual([])
  expect(Object.keys(BENCHES).filter(name => !there.includes(`${name}.ts`))).toEqual([])
})

/** Modules by which something that is fetched is used, and the part of set-up that fetches it. */
const USES: readonly (readonly [string, Part])[] = [
  ['python-venv.ts', 'clients'],
  ['s3-server.fixture.ts', 's3'],
  ['kafka-jars.ts', 'kafka'],
  ['kafka-4.3.1', 'kafka'],
  ['redis-server.ts', 'redis'],
]

/** The text of a bench and of the files of benches that it imports or runs. */
const textOf = (file: string, seen = new Set<string>()): string => {
  if (seen.has(file) || !existsSync(file)) return ''
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  const near = [...text.matchAll(/'(\.{1,2}\/[\w./-]+\.ts)'/g)]
    .map(([, name = '']) => join(dirname(file), name))
    .filter(name => name.includes('/bench/'))
  const far = [...text.matchAll(/'((?:hub|mirrors|filters|sandbox|api)\/bench\/[\w./-]+\.ts)'/g)]
  return [text, ...[...near, ...far.map(([, name = '']) => join(root, name))].map(next => textOf(next, seen))].join(
    '\n',
  )
}

test('a bench is given all that it and the files it runs use', () => {
  const lacking = Object.entries(BENCHES).flatMap(([name, parts]) => {
    const file = FOLDERS.map(folder => join(root, folder, 'bench', `${name}.ts`)).find(existsSync) ?? ''
    const text = textOf(file)
    return USES.filter(([module, part]) => text.includes(module) && !parts.includes(part)).map(
      ([module, part]) => `${name} uses ${module} and lacks ${part}`,
    )
  })
  expect(lacking).toEqual([])
})
