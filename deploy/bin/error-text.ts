// What a person reads when a command fails: errors that are made to be read as they are, every other one as a sentence; its trace goes into a file.
import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** Errors whose message is made to be read. */
const TOLD: ReadonlySet<string> = new Set(['DeployError', 'HubError', 'MirrorError', 'FilterError', 'SandboxError'])

/** The text for the person at the terminal. */
export const errorText = (error: unknown, traceFile: string): string => {
  if (error instanceof Error && TOLD.has(error.name)) return error.message
  const message = error instanceof Error ? error.message : String(error)
  const kept = keep(error, traceFile) ? `What is needed to find it is in ${traceFile}.` : ''
  return `Skysieve failed by a fault of its own: ${message}. ${kept}`.trimEnd()
}

const keep = (error: unknown, file: string): boolean => {
  try {
    mkdirSync(dirname(file), { recursive: true })
    appendFileSync(file, `${new Date().toISOString()} ${traceOf(error)}\n`, { mode: 0o600 })
    return true
  } catch {
    return false
  }
}

const traceOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by ${traceOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
