// `skysieve test`: set-up, checks, then unit, integration and end-to-end tests, stopping at the first stage that fails.
import { spawn } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { setUp } from '../index.ts'
import { PURPOSES } from '../setup/purposes.ts'

const CHECKS = ['check:lint', 'check:types', 'check:unused', 'check:format'] as const

/** What vitest's JSON reporter writes, as far as it is read. */
const Report = Type.Object({
  numPassedTests: Type.Integer(),
  numFailedTests: Type.Integer(),
  numPendingTests: Type.Integer(),
  testResults: Type.Array(Type.Object({ name: Type.String(), startTime: Type.Number(), endTime: Type.Number() })),
})

export interface TestContext {
  readonly root: string
  readonly cacheDir: string
  readonly env: NodeJS.ProcessEnv
  readonly print: (line: string) => void
}

/** One run of vitest. */
interface Part {
  readonly name: string
  readonly project: 'unit' | 'integration' | 'e2e'
  /** All of the project when absent. */
  readonly files?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

interface Sum {
  passed: number
  failed: number
  skipped: number
}

/** Runs everything; resolves to the exit code. The last line printed is the sum of all stages. */
export const runTests = async (context: TestContext): Promise<number> => {
  const { cacheDir, env, print } = context
  await setUp({ parts: PURPOSES.test, cacheDir, env, print })
  const results = join(cacheDir, 'test-results')
  mkdirSync(results, { recursive: true })
  const sum = { passed: 0, failed: 0, skipped: 0 }
  const failed = await firstFailure(context, results, sum)
  const skipped = sum.skipped === 0 ? '' : `, ${sum.skipped} skipped`
  const total = `${sum.passed} passed, ${sum.failed} failed${skipped}`
  print(failed === undefined ? `\nskysieve test: ${total}` : `\nskysieve test: stopped at ${failed}: ${total}`)
  return failed === undefined ? 0 : 1
}

/** Whether a test file, or a fixture that it imports, asks for the brokers that the integration tests share. */
const usesSharedBrokers = (file: string): boolean => {
  const text = readFileSync(file, 'utf8')
  const fixtures = [...text.matchAll(/ from '(\.[^']+\.fixture\.ts)'/g)].map(([, path = '']) =>
    join(dirname(file), path),
  )
  return text.includes("inject('kafka')") || fixtures.some(usesSharedBrokers)
}

/** What runs after one another, each of parts that run side by side: those of integration share nothing, and each waits a lot. */
const stages = (root: string): readonly (readonly Part[])[] => {
  const files = globSync('{hub,mirrors,sandbox,filters,api,deploy}/**/*.it.test.ts', { cwd: root }).toSorted()
  const withBrokers = files.filter(file => usesSharedBrokers(join(root, file)))
  const alone = files.filter(file => !withBrokers.includes(file))
  return [
    [{ name: 'unit', project: 'unit' }],
    [
      { name: 'integration', project: 'integration', files: withBrokers },
      { name: 'integration-alone', project: 'integration', files: alone, env: { SKYSIEVE_TEST_BROKERS: 'none' } },
    ],
    [{ name: 'e2e', project: 'e2e' }],
  ]
}

const firstFailure = async (context: TestContext, results: string, sum: Sum): Promise<string | undefined> => {
  context.print(`\n${CHECKS.join(', ')}`)
  const codes = await Promise.all(CHECKS.map(check => run(context, 'npm', ['run', '--silent', check])))
  const check = CHECKS.find((_, at) => codes[at] !== 0)
  if (check !== undefined) {
    sum.failed += 1
    return check
  }
  for (const parts of stages(context.root)) {
    context.print(`\n${parts.map(({ name }) => `test:${name}`).join(', ')}`)
    const failed = await Promise.all(parts.map(part => runPart(context, results, part, sum)))
    if (failed.includes(true)) return `the ${parts[0]?.project} tests`
  }
  return undefined
}

/** True when it failed. */
const runPart = async (context: TestContext, results: string, part: Part, sum: Sum): Promise<boolean> => {
  const { name, project, files = [], env = {} } = part
  const file = join(results, `${name}.json`)
  rmSync(file, { force: true })
  const begunMs = performance.now()
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const config = ['--config', 'deploy/checks/vitest.config.ts', '--project', project]
  const own = { ...context, env: { ...context.env, ...env } }
  const code = await run(own, 'vitest', ['run', ...config, ...reporters, ...files])
  const report = readReport(file)
  const minutes = ((performance.now() - begunMs) / 60_000).toFixed(1)
  context.print(
    `test:${name} took ${minutes} min${report === undefined ? '' : `; longest: ${longest(context.root, report)}`}`,
  )
  sum.passed += report?.numPassedTests ?? 0
  sum.skipped += report?.numPendingTests ?? 0
  // A file that cannot be loaded fails its stage without failing a test.
  sum.failed += Math.max(report?.numFailedTests ?? 0, code === 0 ? 0 : 1)
  return code !== 0
}

const SHOWN_FILES = 5

const longest = (root: string, { testResults }: Static<typeof Report>): string =>
  testResults
    .map(({ name, startTime, endTime }) => ({
      name: name.replace(`${root}/`, ''),
      seconds: (endTime - startTime) / 1000,
    }))
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, SHOWN_FILES)
    .map(({ name, seconds }) => `${name} ${seconds.toFixed(0)} s`)
    .join(', ')

const run = ({ root, env }: TestContext, command: string, args: readonly string[]): Promise<number> => {
  const PATH = `${join(root, 'node_modules/.bin')}:${env['PATH'] ?? ''}`
  const child = spawn(command, args, { cwd: root, env: { ...env, PATH }, stdio: ['ignore', 'inherit', 'inherit'] })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('error', reject)
  child.once('exit', code => resolve(code ?? 1))
  return promise
}

const readReport = (file: string) => {
  try {
    const report: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return Value.Check(Report, report) ? report : undefined
  } catch {
    return undefined
  }
}
