import { tmpdir } from 'node:os'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { DEFAULT_STREAM } from '#hub'
import { languageOf } from '#filters'
import type { CliContext } from './context/cli-context.ts'
import * as repeated from './context/repeated-constants.ts'
import { NOUNS, runCli } from './run.ts'

const newContext = (): CliContext & { stdout: PassThrough; stderr: PassThrough } => ({
  stdin: Readable.from([]),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  directory: tmpdir(),
  configDirectory: tmpdir(),
  color: false,
})

const run = async (...argv: readonly string[]) => {
  const context = newContext()
  const texts = [buffer(context.stdout), buffer(context.stderr)]
  const exitCode = await runCli(argv, context)
  context.stdout.end()
  context.stderr.end()
  const [stdout, stderr] = (await Promise.all(texts)).map(String)
  return { exitCode, stdout, stderr }
}

test('help names every noun with its own description', async () => {
  const described = await Promise.all(
    Object.entries(NOUNS).map(async ([name, { load }]) => {
      const program = new Command()
      ;(await load())(program, newContext())
      return [name, program.commands.find(command => command.name() === name)?.description()]
    }),
  )
  expect(described).toEqual(Object.entries(NOUNS).map(([name, { about }]) => [name, about]))
  const { exitCode, stdout } = await run('--help')
  expect(exitCode).toBe(0)
  for (const name of Object.keys(NOUNS)) expect(stdout).toContain(`\n  ${name} `)
})

test('a mistyped noun is answered with the nearest one', async () => {
  expect(await run('filer', 'list')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('filter') })
})

test('what the command line repeats of other folders is what these say', () => {
  expect(repeated.DEFAULT_STREAM).toBe(DEFAULT_STREAM)
  for (const name of ['a.js', 'a.mjs', 'a.ts', 'a.py', 'a.txt', 'js', 'a.js.bak', ''])
    expect(repeated.languageOf(name)).toBe(languageOf(name))
})

test.each([
  [['--alerts', 'abc'], 'a whole number above 0'],
  [['--alerts', '-5'], 'a whole number above 0'],
  [['--alerts', '0'], 'a whole number above 0'],
  [['--cap', 'five'], 'a whole number above 0'],
])('a filter is not tried on no alert: %j', async (options, told) => {
  const { exitCode, stderr } = await run('filter', 'test', import.meta.filename, ...options)
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(told) })
})

test.each(['toString', '__proto__', 'none'])('a stream that there is not is said to be none: %s', async stream => {
  const { exitCode, stderr } = await run('filter', 'check', import.meta.filename, '--stream', stream)
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(`no stream “${stream}”`) })
})
