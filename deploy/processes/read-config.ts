// How a process of a started system learns its settings: one JSON file (mode 0600) named by `--config FILE`.
// Secrets are thus neither in argv nor in the environment, and a bad setting stops the start and is named.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { DeployError } from '../errors.ts'

/**
 * Reads the file named by `--config`, fills in the schema's defaults and checks it.
 * @throws DeployError that names every bad setting by its path, never its value (it may be a secret).
 */
export function readConfig<S extends TSchema>(schema: S, argv: readonly string[] = process.argv.slice(2)): Static<S> {
  const { values } = parseArgs({ args: [...argv], options: { config: { type: 'string' } } })
  const file = values.config
  if (file === undefined)
    throw new DeployError('DEPLOY_CONFIG_MISSING', 'No settings: start this process with --config FILE (a JSON file).')
  return parseConfig(schema, file, readFile(file))
}

/** The checked settings in `text`; `file` is only named in messages. */
export function parseConfig<S extends TSchema>(schema: S, file: string, text: string): Static<S> {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new DeployError(
      'DEPLOY_CONFIG_INVALID',
      `The settings in ${file} are not JSON. \`skysieve start\` writes them.`,
    )
  }
  const settings = Value.Default(schema, parsed)
  if (Value.Check(schema, settings)) return settings
  throw new DeployError(
    'DEPLOY_CONFIG_INVALID',
    `Bad settings in ${file}: ${describe(schema, settings).join('; ')}. Correct them and start again.`,
  )
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable'
    throw new DeployError('DEPLOY_CONFIG_UNREADABLE', `The settings file ${file} cannot be read (${why}).`, { cause })
  }
}

/** One line per bad setting: its dotted path and what is expected of it. */
function describe(schema: TSchema, settings: unknown): string[] {
  const lines = Value.Errors(schema, settings).flatMap(error => {
    const path = error.instancePath.slice(1).replaceAll('/', '.')
    const at = path === '' ? '' : `${path}.`
    if (error.keyword === 'required') return error.params.requiredProperties.map(name => `${at}${name} is missing`)
    if (error.keyword === 'additionalProperties')
      return error.params.additionalProperties.map(name => `${at}${name} is no setting`)
    if (error.keyword === 'boolean') return []
    return [`${path === '' ? 'the whole' : path} ${error.message}`]
  })
  return [...new Set(lines)]
}
