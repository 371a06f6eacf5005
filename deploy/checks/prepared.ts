// node deploy/checks/prepared.ts hostile|fuzz COMMAND …: brings the machine to where the command can run, then runs it. What is missing is
// said before any work. Python filters of the hostile corpus get the Docker engine that answers on this machine, or one of their own.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import getPort from 'get-port'
import { startBenchDocker } from '#filters'
import { DeployError } from '../errors.ts'
import { setUp, CACHE_DIR, ROOT } from '../index.ts'
import { chooseEngine } from '../setup/docker-engine.ts'
import { searchPath } from '../setup/programs.ts'
import { PURPOSES } from '../setup/purposes.ts'

const print = (line: string): void => void process.stderr.write(`${line}\n`)

const run = async (command: string, args: readonly string[]): Promise<number> => {
  const PATH = `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`
  const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, PATH }, stdio: 'inherit' })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('error', reject)
  child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 130)))
  // Ctrl-C reaches it from the terminal; it ends first.
  process.on('SIGINT', () => undefined)
  return promise
}

/** The corpus with an engine for its containers, where it runs Python. */
const runHostile = async (command: string, args: readonly string[]): Promise<number> => {
  const options = { runtime: { type: 'string' }, engine: { type: 'string' } } as const
  const { values } = parseArgs({ args: [...args], options, strict: false })
  if (values.runtime !== 'py') return run(command, args)
  const folders = searchPath(process.env['PATH'])
  const configured = typeof values.engine === 'string' ? { configured: values.engine } : {}
  const engine = await chooseEngine({ folders, env: process.env, ...configured })
  if (engine.kind === 'none') throw new DeployError('DEPLOY_PREREQUISITE', `Python filters cannot run: ${engine.why}.`)
  if (engine.kind === 'machine') return run(command, [...args, '--engine', engine.socket])
  print('hostile    a Docker engine of its own starts (the first time its image is put together: a minute)')
  const own = await startBenchDocker(await getPort())
  try {
    return await run(command, [...args, '--engine', own.socket])
  } finally {
    await own.close()
  }
}

const [purpose, command, ...args] = process.argv.slice(2)
if ((purpose !== 'hostile' && purpose !== 'fuzz') || command === undefined) {
  print('usage: node deploy/checks/prepared.ts hostile|fuzz COMMAND …')
  process.exit(2)
}
try {
  await setUp({ parts: PURPOSES[purpose], cacheDir: CACHE_DIR, env: process.env, print })
  process.exitCode = await (purpose === 'hostile' ? runHostile : run)(command, args)
} catch (error) {
  if (!(error instanceof DeployError)) throw error
  print(error.message)
  process.exitCode = 2
}
