// What stands between a command line and its command: the look at the packages, and what is loaded.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'

interface Packages {
  packagesKnownRight(root: string): boolean
  packagesProblem(root: string): string | undefined
  rememberRight(root: string, stamp: string): void
  stampOf(root: string): string
}
const packages = (await import(join(import.meta.dirname, 'packages.mjs'))) as Packages

let roots: string[] = []
afterEach(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true })
  roots = []
})

const LOCK = { packages: { '': {}, 'node_modules/one': { version: '1.0.0', integrity: 'sha512-one' } } }

/** A checkout whose packages are right. */
const checkout = (): string => {
  const root = mkdtempSync(join(tmpdir(), 'skysieve-packages-'))
  roots.push(root)
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true })
  writeFileSync(join(root, 'node_modules/.bin/node'), '', { mode: 0o755 })
  for (const name of ['package-lock.json', 'node_modules/.package-lock.json'])
    writeFileSync(join(root, name), JSON.stringify(LOCK))
  return root
}

test('packages that were found right are known until a list of them or Node changes', () => {
  const changes: ((root: string) => void)[] = [
    root => writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: {} })),
    root => writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify(LOCK)),
    root => rmSync(join(root, 'node_modules/.package-lock.json')),
    root => rmSync(join(root, 'node_modules/.bin/node')),
    root => rmSync(join(root, 'node_modules'), { recursive: true }),
  ]
  for (const change of changes) {
    const root = checkout()
    expect(packages.packagesKnownRight(root)).toBe(false)
    expect(packages.packagesProblem(root)).toBeUndefined()
    packages.rememberRight(root, packages.stampOf(root))
    expect(packages.packagesKnownRight(root)).toBe(true)
    change(root)
    expect(packages.packagesKnownRight(root)).toBe(false)
  }
})

test('a list that changes while it is compared is compared again the next time', () => {
  const root = checkout()
  const stamp = packages.stampOf(root)
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: {} }))
  packages.rememberRight(root, stamp)
  expect(packages.packagesKnownRight(root)).toBe(false)
})

/** Every noun's verbs, and commands that ask an API which is not there. */
const COMMANDS: readonly (readonly string[])[] = [
  ['--help'],
  ...['auth', 'filter', 'alert', 'archive', 'topic', 'acl', 'audit', 'node', 'user', 'stream', 'schema', 'notices'].map(
    noun => [noun, '--help'],
  ),
  ...[['filter', 'list'], ['topic', 'list'], ['status'], ['runtimes'], ['filter', 'submit', import.meta.filename]].map(
    command => [...command, '--url', 'http://127.0.0.1:1'],
  ),
]

test('a command loads commander and what it names, and no library of hundreds of modules', { timeout: 600_000 }, () => {
  for (const command of COMMANDS) {
    const args = ['--import', join(import.meta.dirname, 'loaded.fixture.mjs'), join(import.meta.dirname, 'main.ts')]
    const { stderr } = spawnSync(process.execPath, [...args, ...command], {
      encoding: 'utf8',
      env: { ...process.env, SKYSIEVE_TOKEN: 'none', XDG_CONFIG_HOME: tmpdir() },
    })
    const loaded: string[] = JSON.parse(/^LOADED (.*)$/m.exec(stderr)?.[1] ?? '[]')
    const libraries = new Set(loaded.flatMap(url => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []))
    expect({ command, libraries: [...libraries] }).toEqual({ command, libraries: ['commander'] })
    expect(loaded.length, command.join(' ')).toBeLessThan(80)
  }
})

test('a reader that has seen enough ends a command without a word', () => {
  const main = join(import.meta.dirname, 'main.ts')
  const { stderr, stdout } = spawnSync(
    'sh',
    ['-c', '{ "$@"; echo "ended with $?" >&2; } | true', 'sh', process.execPath, main, '--help'],
    {
      encoding: 'utf8',
    },
  )
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: 'ended with 0\n' })
})
