// Labels of nodes as they are typed.
import { CliError, EXIT } from '../../output/exit-codes.ts'

export const LABELS_OPTION = '--labels <name=value,…>'

/** `rack=a,disk=ssd` */
export function labelsIn(text: string): Record<string, string> {
  const pairs = text.split(',').map(part => part.split('='))
  const wrong = pairs.find(pair => pair.length !== 2 || pair.includes(''))
  if (wrong !== undefined) {
    const message = `“${wrong.join('=')}” is no label; write NAME=VALUE, several with commas between.`
    throw new CliError('CLI_OPTION', EXIT.usage, message)
  }
  return Object.fromEntries(pairs)
}
