// `skysieve test`: set-up, checks, then unit, integration and end-to-end tests, stopping at the first stage that fails.
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { setUp } from '../index.ts'
import { PURPOSES } from '../setup/purposes.ts'

const CHECKS = ['check:format', 'check:lint', 'check:types', 'check:unused'] as const
const PROJECTS = ['unit', 'integration', 'e2e'] as const

/** What vitest's JSON reporter writes, as far as it is read. */
const Report = Type.Object({
  numPassedTests: Type.Integer(),
  numFailedTests: Type.Integer(),
  numPendingTests: Type.Integer(),
})

export interface TestContext {
  readonly root: string
  readonly cacheDir: string
  readonly env: NodeJS.ProcessEnv
  readonly print: (line: string) => void
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

const firstFailure = async (
  context: TestContext,
  results: string,
  sum: { passed: number; failed: number; skipped: number },
): Promise<string | undefined> => {
  for (const check of CHECKS) {
    context.print(`\n${check}`)
    if ((await run(context, 'npm', ['run', '--silent', check])) !== 0) {
      sum.failed += 1
      return check
    }
  }
  for (const project of PROJECTS) {
    context.print(`\ntest:${project}`)
    const file = join(results, `${project}.json`)
    rmSync(file, { force: true })
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const config = ['--config', 'deploy/checks/vitest.config.ts', '--project', project]
    const code = await run(context, 'vitest', ['run', ...config, ...reporters])
    const report = readReport(file)
    sum.passed += report?.numPassedTests ?? 0
    sum.skipped += report?.numPendingTests ?? 0
    // A file that cannot be loaded fails its stage without failing a test.
    sum.failed += Math.max(report?.numFailedTests ?? 0, code === 0 ? 0 : 1)
    if (code !== 0) return `the ${project} tests`
  }
  return undefined
}

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
