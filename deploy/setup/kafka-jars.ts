// Kafka's jars: from Maven Central by setup/kafka/pom.xml, checked against the committed list of hashes, put in place at once.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DeployError } from '../errors.ts'
import { runCommand } from './run-command.ts'

export const KAFKA_VERSION = '4.3.1'
const POM = join(import.meta.dirname, 'kafka/pom.xml')
const LOCK = join(import.meta.dirname, 'kafka/jars.lock')

/** Where the jars lie under the cache directory. */
export const kafkaJarsIn = (cacheDir: string): string => join(cacheDir, `kafka-${KAFKA_VERSION}`)

/** True when every file of the committed list is there. Hashes are compared when jars are fetched, not at each start. */
export const haveKafkaJars = async (cacheDir: string): Promise<boolean> => {
  const present = new Set(await readdir(kafkaJarsIn(cacheDir)).catch(() => []))
  return [...(await lockedHashes()).keys()].every(name => present.has(name))
}

/** Fetches the jars aside, checks them and renames the folder into place; safe to repeat and to run twice at once. */
export const fetchKafkaJars = async (cacheDir: string): Promise<void> => {
  const aside = join(cacheDir, `kafka-${KAFKA_VERSION}.${process.pid}`)
  await rm(aside, { recursive: true, force: true })
  await mkdir(aside, { recursive: true })
  try {
    await runCommand('mvn', [
      '-q',
      '--batch-mode',
      '-f',
      POM,
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${aside}`,
    ])
    await verifyJars(aside)
    const place = kafkaJarsIn(cacheDir)
    if (existsSync(place) && (await haveKafkaJars(cacheDir))) return
    await rm(place, { recursive: true, force: true })
    await rename(aside, place)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

/** Compares every file of a folder with the list: none missing, none more, each with its hash. */
export const verifyJars = async (folder: string): Promise<void> => {
  const wanted = await lockedHashes()
  const names = await readdir(folder)
  const complaints = [...wanted.keys()].filter(name => !names.includes(name)).map(name => `${name} is missing`)
  for (const name of names) {
    const hash = createHash('sha256')
      .update(await readFile(join(folder, name)))
      .digest('hex')
    if (!wanted.has(name)) complaints.push(`${name} is not in the list`)
    else if (wanted.get(name) !== hash) complaints.push(`${name} has the SHA-256 ${hash}`)
  }
  if (complaints.length > 0)
    throw new DeployError(
      'DEPLOY_SETUP_FAILED',
      `What Maven fetched is not what deploy/setup/kafka/jars.lock lists: ${complaints.join('; ')}. Nothing was installed.`,
    )
}

/** File name → SHA-256. */
const lockedHashes = async (): Promise<ReadonlyMap<string, string>> =>
  new Map(
    (await readFile(LOCK, 'utf8'))
      .trim()
      .split('\n')
      .map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )
