// What the tests ask of a running system: the API over HTTP as the administrator, and the command line as a user types it.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type BrokerAccess } from '#hub'
import { ROOT } from '../paths.ts'
import { ENVIRONMENT } from './config.ts'
import { type RunningSystem } from './running-system.ts'

/** One call; throws with the answer's text unless it is a 2xx. */
const call = async <T>(system: RunningSystem, path: string, init: RequestInit = {}): Promise<T> => {
  const headers = { authorization: `Bearer ${system.secrets.adminToken}`, 'content-type': 'application/json' }
  const response = await fetch(`${system.apiUrl}${path}`, { ...init, headers })
  const text = await response.text()
  if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${path}: ${response.status} ${text}`)
  return JSON.parse(text)
}

export interface FilterInfo {
  readonly id: string
  readonly name: string
  readonly stage: string
  readonly topic: string
  readonly placement: { readonly mirror: string; readonly shard: number } | null
  readonly problems: readonly { readonly message: string; readonly line?: number; readonly column?: number }[]
}

export const filters = async (system: RunningSystem): Promise<readonly FilterInfo[]> =>
  (await call<{ items: FilterInfo[] }>(system, '/v1/filters')).items

export const filterNamed = async (system: RunningSystem, name: string): Promise<FilterInfo> => {
  const found = (await filters(system)).find(filter => filter.name === name)
  if (found === undefined) throw new Error(`there is no filter ${name}`)
  return found
}

/** Submits a filter as the administrator. */
export const submit = (
  system: RunningSystem,
  submission: { readonly name: string; readonly language: string; readonly source: string },
): Promise<FilterInfo> => call(system, '/v1/filters', { method: 'POST', body: JSON.stringify(submission) })

export interface Subscriber extends BrokerAccess {
  readonly topic: string
  readonly groupPrefix: string
}

/** A Kafka user of its own for a filter's topic. */
export const subscribe = (system: RunningSystem, topic: string): Promise<Subscriber> =>
  call<Subscriber>(system, `/v1/topics/${topic}/credentials`, { method: 'POST', body: '{}' })

/** `skysieve …` in a directory; resolves to its exit code and output. */
export const skysieve = (
  system: RunningSystem,
  argv: readonly string[],
  cwd: string,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> => {
  const env = { ...ENVIRONMENT, SKYSIEVE_URL: system.apiUrl, SKYSIEVE_TOKEN: system.secrets.adminToken }
  const child = spawn('node', [join(ROOT, 'deploy/bin/skysieve.mjs'), ...argv], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise(resolve => child.once('close', code => resolve({ code, stdout, stderr })))
}
