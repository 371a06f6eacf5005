// Which Kafka holds what a hub or a node knows, noted in its folder: one that came to another Kafka would begin anew, and deliver twice.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brokerFiles } from '#hub'
import { DeployError } from '../../errors.ts'
import { writePrivate } from '../layout/secrets.ts'

const noteIn = (dir: string): string => join(dir, 'kafka-cluster')

const refuse = (why: string): never => {
  throw new DeployError(
    'DEPLOY_DATA_DIR',
    `${why} It keeps to the Kafka that it began with, as all that it knows is there: give it that one, or begin anew with another --data-dir.`,
  )
}

/** To be asked before anything starts. Throws DeployError DEPLOY_DATA_DIR for a node of the other kind. */
export const checkKind = (dir: string, option: string, usesExisting: boolean): void => {
  if (!usesExisting && existsSync(noteIn(dir))) refuse(`What is in ${dir} uses a Kafka of ${option} FILE.`)
  if (usesExisting && existsSync(brokerFiles(dir).data)) refuse(`What is in ${dir} has a broker of its own.`)
}

/** From the first time on it is this cluster. Throws DeployError DEPLOY_DATA_DIR where it was another. */
export const holdCluster = (dir: string, id: string): void => {
  const file = noteIn(dir)
  const before = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
  if (before !== undefined && before !== id)
    refuse(`What is in ${dir} uses the Kafka cluster ${before}, and the file leads to ${id}.`)
  if (before !== undefined) return
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  writePrivate(file, `${id}\n`)
}
