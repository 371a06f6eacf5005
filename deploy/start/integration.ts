// The account that a system with the profile `integration` offers to who writes clients: a Kafka user of the full stream, and a token.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DeployError } from '../errors.ts'
import { writePrivate } from './secrets.ts'

const NAME = 'integration'
const CALL_LIMIT_MS = 30_000
const CONFLICT = 409

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
    await call(options, 'POST', '/v1/accounts', { name: NAME, scopes }, signal)
    const path = `/v1/accounts/${NAME}/logins`
    const login =
      (await call(options, 'POST', path, { label: 'main' }, signal)) ??
      (await call(options, 'POST', `${path}/${NAME}/password`, undefined, signal))
    const token = await call(options, 'POST', `/v1/accounts/${NAME}/tokens`, { label: 'integration' }, signal)
    const { apiUrl, registryUrl } = options
    writePrivate(file, `${JSON.stringify({ apiUrl, registryUrl, login, token }, null, 2)}\n`)
  }
  options.note(
    `  integration: the Kafka user and token for clients are in ${file}; answers at ${options.apiUrl}/v1/integration/answers`,
  )
}

/** The answer, or undefined where it was there already. */
const call = async (
  { apiUrl, adminToken }: IntegrationOptions,
  method: string,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<unknown> => {
  const answer = await fetch(apiUrl + path, {
    method,
    headers: {
      authorization: `Bearer ${adminToken}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_LIMIT_MS)]),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (answer.status === CONFLICT) return undefined
  if (!answer.ok)
    throw new DeployError(
      'DEPLOY_NOT_READY',
      `The account for integration could not be made: ${path} answered ${answer.status}.`,
    )
  return answer.json()
}
