// How far a reader of notices was, in a file of its own. It is replaced as a whole: whoever is killed leaves the one before.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { isRecord, isText } from '../../context/json-shape.ts'

export interface Position {
  readonly topic: string
  readonly topicId: string
  /** The offset to read next. */
  readonly next: bigint
}

/** The position in the file; undefined where there is none yet. Throws CliError CLI_RESUME for anything else in it, or another topic's. */
export const readPosition = (file: string, topic: string): Position | undefined => {
  if (!existsSync(file)) return undefined
  let found: unknown
  try {
    found = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw unreadable(file, { cause })
  }
  if (!isRecord(found)) throw unreadable(file)
  const { next, topicId } = found
  if (!isText(found['topic']) || !isText(topicId) || !isText(next) || !/^\d{1,19}$/.test(next)) throw unreadable(file)
  if (found['topic'] !== topic)
    throw new CliError('CLI_RESUME', EXIT.usage, `${file} is of ${found['topic']}, not of ${topic}: name another file.`)
  return { topic, topicId, next: BigInt(next) }
}

const unreadable = (file: string, options?: ErrorOptions): CliError =>
  new CliError('CLI_RESUME', EXIT.usage, `${file} holds no position: name another file, or remove it.`, options)

export const writePosition = (file: string, { topic, topicId, next }: Position): void => {
  const part = `${file}.part`
  const handle = openSync(part, 'w')
  try {
    writeSync(handle, `${JSON.stringify({ topic, topicId, next: String(next) })}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(part, file)
}
