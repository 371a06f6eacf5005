// Whole numbers as people type them behind an option.
import { CliError, EXIT } from '../../output/exit-codes.ts'

/** Throws CliError CLI_OPTION for what is none from `least` on, or above `most`. */
export function numberIn(option: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && number <= most) return number
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`
  throw new CliError('CLI_OPTION', EXIT.usage, `${option} takes a whole number ${range}, not “${text}”.`)
}
