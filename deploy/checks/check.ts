// npm run check: what needs no server, two steps at a time. A step that fails is shown whole, one that does not by its time.
// npm run check -- --changed [--base REF]: the same for the files that differ from REF, which is where this branch left main, and on main
// the last commit; unit tests are those that import one of them.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { changedFiles } from './changed.ts'

interface Step {
  readonly name: string
  readonly command: readonly string[]
}

const script = (name: string): Step => ({ name, command: ['npm', 'run', '-s', name] })

/** Longest first. */
const ALL = ['test:unit', 'check:lint', 'check:types', 'check:unused', 'check:format'].map(script)

/** House rules look at every file, whatever changed. */
const HOUSE = ['deploy/checks/house.test.ts', 'deploy/checks/layers.test.ts', 'deploy/checks/readmes.test.ts']

const stepsFor = (files: readonly string[]): Step[] => {
  const modules = files.filter(file => /\.(ts|mjs)$/.test(file))
  const unit = ['--run', '--config', 'deploy/checks/vitest.config.ts', '--project', 'unit', '--passWithNoTests']
  const typed = modules.some(file => file.endsWith('.ts'))
  return [
    ...(modules.length === 0
      ? []
      : [{ name: 'related unit tests', command: ['vitest', 'related', ...unit, ...modules] }]),
    ...(modules.length === 0
      ? []
      : [
          {
            name: 'check:lint',
            command: ['oxlint', '--type-aware', '--deny-warnings', '--no-error-on-unmatched-pattern', ...modules],
          },
        ]),
    ...(typed ? [script('check:types')] : []),
    { name: 'house rules', command: ['vitest', ...unit, ...HOUSE] },
    {
      name: 'check:format',
      command: ['oxfmt', '--check', '--disable-nested-config', '--no-error-on-unmatched-pattern', ...files],
    },
  ]
}

const run = ({ name, command: [program = '', ...args] }: Step): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const begunMs = performance.now()
  const output: Buffer[] = []
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => output.push(part))
  child.once('error', error => output.push(Buffer.from(error.message)))
  child.once('close', code => {
    const seconds = ((performance.now() - begunMs) / 1000).toFixed(1)
    if (code !== 0) process.stdout.write(Buffer.concat(output))
    console.log(`${name} ${code === 0 ? 'passed' : 'FAILED'} after ${seconds} s`)
    resolve(code === 0)
  })
  return promise
}

const { values } = parseArgs({ options: { changed: { type: 'boolean' }, base: { type: 'string' } } })
const files = values.changed === true ? changedFiles(values.base) : undefined
if (files?.length === 0) console.log('nothing has changed')
const waiting = files === undefined ? [...ALL] : files.length === 0 ? [] : stepsFor(files)
const work = async (): Promise<boolean> => {
  let isSound = true
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) if (!(await run(step))) isSound = false
  return isSound
}
const workers = Array.from({ length: Math.max(2, availableParallelism()) }, work)
process.exitCode = (await Promise.all(workers)).every(Boolean) ? 0 : 1
