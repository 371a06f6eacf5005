// Subscribers that follow filters by the command line, `skysieve topic consume`, each with a folder of its own for what it keeps.
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { CLI } from '../../checks/run-on.ts'
import { type Machines, startOn } from './machines.ts'
import type { ShownFilter } from './submit-filters.ts'

export interface Followers {
  /** Topic → the file that has the lines printed so far. */
  readonly files: Readonly<Record<string, string>>
  /** Those that have ended before they were told to, with what they complained of. */
  readonly ended: () => readonly string[]
  /** Ctrl-C. */
  readonly stop: () => Promise<void>
}

export interface FollowersOptions {
  readonly dir: string
  readonly env: NodeJS.ProcessEnv
  /** Of the filters' author. */
  readonly token: string
  readonly filters: readonly ShownFilter[]
}

export const openFollowers = (machines: Machines, { dir, env, token, filters }: FollowersOptions): Followers => {
  const ended: string[] = []
  let isOver = false
  const started = filters.map(({ name, topic }) => {
    const file = join(dir, `${name}.jsonl`)
    const out = openSync(file, 'w', 0o600)
    const own = {
      ...env,
      SKYSIEVE_URL: machines.apiUrl,
      SKYSIEVE_TOKEN: token,
      SKYSIEVE_CA: machines.caFile,
      XDG_CONFIG_HOME: join(dir, `${name}.config`),
    }
    const child = startOn(machines.on, CLI, ['topic', 'consume', topic, '--json'], {
      cwd: dir,
      env: own,
      stdio: ['ignore', out, 'pipe'],
    })
    closeSync(out)
    let complaint = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    const end = new Promise<void>(resolve =>
      child.once('close', code => {
        if (!isOver) ended.push(`the follower of ${name} ended with ${code}: ${complaint}`)
        resolve()
      }),
    )
    return { topic, file, child, end }
  })
  return {
    files: Object.fromEntries(started.map(({ topic, file }) => [topic, file])),
    ended: () => ended,
    stop: async () => {
      isOver = true
      for (const { child } of started) child.kill('SIGINT')
      await Promise.all(started.map(({ end }) => end))
    },
  }
}
