// Programs of this Node on a machine of a test, and the command line as who administers a hub from elsewhere.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { ROOT } from '../paths.ts'
import { type Host } from './hosts.ts'

export const CLI = join(ROOT, 'deploy/bin/skysieve.mjs')

/** What a program prints there. Throws with what it complains of. */
export const runOn = async (
  on: Host['on'],
  program: string,
  argv: readonly string[],
  { env, stdin = '', cwd = ROOT }: { readonly env: NodeJS.ProcessEnv; readonly stdin?: string; readonly cwd?: string },
): Promise<string> => {
  const { command, args } = on(process.execPath, [program, ...argv])
  const child = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(stdin)
  const ended = new Promise(resolve => child.once('close', resolve))
  const [out, complaint] = await Promise.all([text(child.stdout), text(child.stderr)])
  if ((await ended) !== 0) throw new Error(`${argv.join(' ')} failed: ${out}${complaint}`)
  return out
}

/** The environment of a hub's administrator, with a folder of his own for what the command line keeps. */
export const operatorEnv = (
  env: NodeJS.ProcessEnv,
  { apiUrl, dataDir, config }: { readonly apiUrl: string; readonly dataDir: string; readonly config: string },
): NodeJS.ProcessEnv => ({
  ...env,
  SKYSIEVE_URL: apiUrl,
  SKYSIEVE_TOKEN: readFileSync(join(dataDir, 'admin-token'), 'utf8').trim(),
  SKYSIEVE_CA: join(dataDir, 'tls/ca.pem'),
  XDG_CONFIG_HOME: config,
})
