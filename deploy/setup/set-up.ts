// Brings a machine to where a system can start: finds what is missing, installs what it may, fetches Kafka, and otherwise says
// everything that is missing at once.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DeployError } from '../errors.ts'
import { holdLock } from './held-lock.ts'
import { installPackages, mayInstallPackages } from './apt.ts'
import { fetchKafkaJars, haveKafkaJars, KAFKA_VERSION } from './kafka-jars.ts'
import { fetchS3Server, haveS3Server } from './s3-server.ts'
import { havePythonVenv, makePythonVenv, PYTHON_SETS } from './python-venv.ts'
import { searchPath } from './programs.ts'
import { type Part } from './purposes.ts'
import { requirements, type Requirement } from './requirements.ts'

export interface SetUpOptions {
  readonly parts: readonly Part[]
  readonly cacheDir: string
  readonly env: NodeJS.ProcessEnv
  /** One tidy line of progress. */
  readonly print: (line: string) => void
}

/**
 * Leaves the machine with these parts; a second set-up with the same cache waits for the first.
 * Throws DeployError DEPLOY_PREREQUISITE that lists all that is missing, or DEPLOY_SETUP_FAILED.
 */
export const setUp = async (options: SetUpOptions): Promise<void> => {
  await mkdir(options.cacheDir, { recursive: true })
  // Without flock(1) there is nothing to wait with; the list of what is missing then names it.
  const turn = await holdLock(join(options.cacheDir, 'set-up.lock'), { wait: true }).catch(() => undefined)
  try {
    await setUpAlone(options)
  } finally {
    await turn?.release()
  }
}

const setUpAlone = async ({ parts, cacheDir, env, print }: SetUpOptions): Promise<void> => {
  const step = stepPrinter(print)
  const needs = (part: Part): boolean => parts.includes(part)
  const fetchesKafka = needs('kafka') && !(await haveKafkaJars(cacheDir))
  const fetchesS3 = needs('s3') && !haveS3Server(cacheDir)
  const wanted = requirements(searchPath(env['PATH']), env).filter(
    ({ name, parts: of }) => (of?.some(needs) ?? true) && (name !== 'Maven' || fetchesKafka || fetchesS3),
  )
  let missing = await whatIsMissing(wanted)
  if (missing.length > 0 && mayInstallPackages()) {
    const install = async (requirements: readonly Requirement[]): Promise<void> => {
      const packages = requirements.flatMap(requirement => requirement.packages)
      if (packages.length === 0) return
      await step('packages', `apt-get install ${packages.join(' ')}`, () => installPackages(packages, env))
    }
    await install(missing.filter(({ isOptional }) => isOptional !== true))
    // What only a part needs is no reason not to start.
    await install(missing.filter(({ isOptional }) => isOptional === true)).catch((error: unknown) =>
      print(error instanceof Error ? error.message : String(error)),
    )
    missing = await whatIsMissing(wanted)
  }
  const optional = missing.filter(({ isOptional }) => isOptional === true)
  if (missing.length > optional.length) throw new DeployError('DEPLOY_PREREQUISITE', listOf(missing))
  for (const { name, without, packages } of optional)
    print(`${'set-up'.padEnd(WIDTH)} no ${name}: ${without} (${installCommand(packages)})`)
  const work: Promise<void>[] = []
  if (fetchesKafka)
    work.push(step('kafka', `jars of Kafka ${KAFKA_VERSION} from Maven Central`, () => fetchKafkaJars(cacheDir)))
  if (fetchesS3) work.push(step('s3', 'an S3 server from Maven Central', () => fetchS3Server(cacheDir)))
  for (const set of PYTHON_SETS)
    if (needs(set) && !havePythonVenv(cacheDir, set))
      work.push(step('python', `programs (${set}) from PyPI`, () => makePythonVenv(cacheDir, set)))
  await Promise.all(work)
}

const WIDTH = 10

const stepPrinter =
  (print: (line: string) => void) =>
  async (name: string, what: string, work: () => Promise<void>): Promise<void> => {
    print(`${name.padEnd(WIDTH)} ${what} …`)
    const started = performance.now()
    await work()
    print(`${name.padEnd(WIDTH)} done in ${((performance.now() - started) / 1000).toFixed(0)} s`)
  }

const whatIsMissing = async (wanted: readonly Requirement[]): Promise<readonly Requirement[]> => {
  const found = await Promise.all(wanted.map(requirement => requirement.find()))
  return wanted.filter((_, index) => found[index] === undefined)
}

const installCommand = (packages: readonly string[]): string => `sudo apt-get install ${packages.join(' ')}`

/** The text of everything that is missing, each with its command on Debian and what works without it. */
export const listOf = (missing: readonly Requirement[]): string =>
  [
    'This machine lacks:',
    ...missing.flatMap(({ name, packages, without }) => [`  ${name}: ${without}`, `      ${installCommand(packages)}`]),
    `All at once: ${installCommand(missing.flatMap(({ packages }) => packages))}`,
    'As root on Debian or Ubuntu, Skysieve installs them itself.',
  ].join('\n')
