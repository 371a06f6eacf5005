// The account that a system with the profile `integration` offers to who writes clients: a Kafka user of the full stream, and a token.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DeployError } from '../../errors.ts'
import { askApi } from './ask-api.ts'
import { writePrivate } from '../layout/secrets.ts'

const NAME = 'integration'
const CONFLICT = 409
const FIRST_FAULT = 300

export interface IntegrationOptions {
  readonly apiUrl: string
  readonly adminToken: string
  readonly dataDir: string
  readonly registryUrl: string
  readonly note: (text: string) => void
}

const integrationFile = (dataDir: string): string => join(dataDir, 'integration.json')

/** Makes it once; after a start that was cut off it gets a new password, as nobody knows the last one. */
export const offerIntegration = async (options: IntegrationOptions, signal: AbortSignal): Promise<void> => {
  const file = integrationFile(options.dataDir)
  if (!existsSync(file)) {
    const scopes = ['stream:full', 'filters:read', 'read:alertdb']
    await call(options, '/v1/accounts', { name: NAME, scopes }, signal)
    const path = `/v1/accounts/${NAME}/logins`
    const login =
      (await call(options, path, { label: 'main' }, signal)) ??
      (await call(options, `${path}/${NAME}/password`, undefined, signal))
    const token = await call(options, `/v1/accounts/${NAME}/tokens`, { label: 'integration' }, signal)
    const { apiUrl, registryUrl } = options
    writePrivate(file, `${JSON.stringify({ apiUrl, registryUrl, login, token }, null, 2)}\n`)
  }
  options.note(
    `  integration: the Kafka user and token for clients are in ${file}; answers at ${options.apiUrl}/v1/integration/answers`,
  )
}

/** The answer, or undefined where it was there already. */
const call = async (
  access: IntegrationOptions,
  path: string,
  body: object | undefined,
  signal: AbortSignal,
): Promise<unknown> => {
  const { status, text } = await askApi(access, { method: 'POST', path, body }, signal)
  if (status === CONFLICT) return undefined
  if (status < FIRST_FAULT) return JSON.parse(text)
  throw new DeployError(
    'DEPLOY_NOT_READY',
    `The account for integration could not be made: ${path} answered ${status}: ${text.slice(0, 500)}`,
  )
}
