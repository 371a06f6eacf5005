// A process of ours as a supervised one: its settings file is written, then its main.ts is run by the Node we run on.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../paths.ts'
import { type MachineLayout } from '../layout/machine-layout.ts'
import { awaitReady } from './readiness.ts'
import { writePrivate } from '../layout/secrets.ts'
import { type ProcessSpec } from '../supervise/supervisor.ts'

export interface OwnProcessSettings {
  /** Of the process; names its log and its settings file. */
  readonly name: string
  /** Its folder in deploy/processes. */
  readonly kind: string
  readonly opsPort: number
  /** Given a folder made for this process alone. */
  readonly settings: (dir: string) => object
  /** Beyond what all children have. */
  readonly env?: Readonly<Record<string, string>>
  /** Of the Node that it runs on. */
  readonly nodeFlags?: readonly string[]
  readonly atLauncherDeath?: 'KILL' | 'TERM'
  /** How long it may take to be ready; as long as it does something when absent. */
  readonly readyMs?: number
  readonly watch?: ProcessSpec['watch']
}

export const ownProcess = (
  { dataDir, dirs, env }: MachineLayout,
  {
    name,
    kind,
    opsPort,
    settings,
    env: more = {},
    nodeFlags = [],
    atLauncherDeath = 'KILL',
    readyMs,
    watch,
  }: OwnProcessSettings,
): ProcessSpec => ({
  name,
  command: async () => {
    const dir = join(dataDir, name)
    for (const folder of [dir, dirs.config]) mkdirSync(folder, { recursive: true, mode: 0o700 })
    const file = join(dirs.config, `${name}.json`)
    writePrivate(file, `${JSON.stringify(settings(dir), undefined, 2)}\n`)
    const main = join(ROOT, 'deploy/processes', kind, 'main.ts')
    return {
      command: process.execPath,
      args: [...nodeFlags, main, '--config', file],
      env: { ...env, ...more },
      cwd: ROOT,
      atLauncherDeath,
    }
  },
  ready: (signal, say) => awaitReady(name, opsPort, signal, say, readyMs),
  ...(watch === undefined ? {} : { watch }),
})
