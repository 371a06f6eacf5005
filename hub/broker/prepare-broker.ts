// In: settings.ts. Out: the folder of a broker in the state it can be started from (configuration, formatted storage); broker-command.ts says how to run it. Safe to repeat, and after a kill at any point.
import { execFile } from 'node:child_process'
import { chmod, mkdir, readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { HubError } from '../errors.ts'
import { javaEnvironment } from './broker-command.ts'
import { internalPort } from './internal-port.ts'
import { renderLogging, renderProperties } from './server-properties.ts'
import { checkCell } from './cell.ts'
import { brokerFiles, listenAddressOf, LOOPBACK, type BrokerSettings } from './settings.ts'
import { formatStorage } from './format-storage.ts'
import { writeAtomically } from './atomic-write.ts'

const MIN_JAVA = 17
const NEEDED_JARS = [/^kafka_2\.13-/, /^kafka-clients-/, /^log4j-slf4j-impl-/]
const SAFE_SECRET = /^[A-Za-z0-9_-]{8,}$/

const run = promisify(execFile)

const checkJava = async (java: string): Promise<void> => {
  const { stdout, stderr } = await run(java, ['-version'], { env: javaEnvironment() }).catch((error: unknown) => {
    throw new HubError(
      'HUB_BROKER_PREREQUISITE',
      `Java cannot be run as "${java}"; Kafka needs version ${MIN_JAVA} or later (Debian: apt-get install openjdk-17-jre-headless)`,
      { cause: error },
    )
  })
  const major = Number(/version "(\d+)/.exec(stdout + stderr)?.[1])
  if (!(major >= MIN_JAVA))
    throw new HubError('HUB_BROKER_PREREQUISITE', `"${java}" is Java ${major}; Kafka needs ${MIN_JAVA} or later`)
}

const checkJars = async (libs: string): Promise<void> => {
  const names = await readdir(libs).catch(() => [])
  const missing = NEEDED_JARS.filter(jar => !names.some(name => jar.test(name)))
  if (missing.length > 0)
    throw new HubError(
      'HUB_BROKER_PREREQUISITE',
      `The jars of Kafka are not in ${libs}; fetch them with: mvn -q -f deploy/setup/kafka/pom.xml dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=${libs}`,
    )
}

/** Said here rather than by the broker: another Kafka on the port would answer the readiness probe. */
const checkPort = async (name: string, host: string, port: number): Promise<void> => {
  const server = createServer()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, () => server.close(() => resolve()))
  await promise.catch((error: NodeJS.ErrnoException) => {
    throw new HubError(
      'HUB_BROKER_PORT',
      error.code === 'EADDRINUSE'
        ? `Broker ${name} cannot listen on ${host}:${port}: another process does. Stop that process or choose another --port-base`
        : `Broker ${name} cannot listen on ${host}:${port}: ${error.message}`,
      { cause: error },
    )
  })
}

/**
 * Checks Java, the jars and that the ports are free, writes the configuration and formats the storage if it is not formatted.
 * Throws HubError HUB_BROKER_PREREQUISITE, HUB_BROKER_PORT, HUB_BROKER_FORMAT or HUB_BROKER_DISK.
 */
export const prepareBroker = async (settings: BrokerSettings): Promise<void> => {
  const { name, dir, libs, java = 'java', cell, ports, outside = [], secrets } = settings
  const host = listenAddressOf(settings)
  if (!Object.values(secrets).every(secret => SAFE_SECRET.test(secret)))
    throw new RangeError('Secrets of a broker are 8 or more of the characters A-Z a-z 0-9 _ -')
  if (cell !== undefined) checkCell(cell)
  await Promise.all([
    checkJava(java),
    checkJars(libs),
    checkPort(name, host, ports.client),
    checkPort(name, cell === undefined ? LOOPBACK : host, ports.controller),
    ...(cell === undefined ? [] : [checkPort(name, host, cell.port)]),
    ...outside.map(listener => checkPort(name, listener.host ?? host, listener.port)),
  ])
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await chmod(dir, 0o700)
  const files = brokerFiles(dir)
  const port = cell?.port ?? (await internalPort(files.internalPort))
  await writeAtomically(files.properties, renderProperties(settings, port))
  await writeAtomically(files.logging, renderLogging())
  await formatStorage(settings)
}
