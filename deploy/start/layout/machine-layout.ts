// What all processes of one launcher share: its data directory, what they may know of the environment, and where filters run.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type EngineChoice } from '../../setup/docker-engine.ts'
import { type ClassArchives } from '../supervise/java-class-archives.ts'
import { type StartOptions } from './options.ts'

export interface MachineLayout {
  readonly dataDir: string
  readonly dirs: { readonly logs: string; readonly config: string }
  /** What our children may know of the environment. */
  readonly env: Readonly<Record<string, string>>
  readonly archives: ClassArchives
  /** How hosts of JavaScript filters are confined; found out when absent. */
  readonly host: 'unsafe' | 'bubblewrap' | 'container' | undefined
  readonly python: PythonLayout
}

/** Where Python filters run. */
interface PythonLayout {
  readonly engine: EngineChoice
  /** The engine's directory. */
  readonly dir: string
  /** Tells this system's containers from others of the machine. */
  readonly label: string
  readonly opsPort: number
}

export const machineLayout = (
  { dataDir, unsafeSandbox, isolateHost }: Pick<StartOptions, 'dataDir' | 'unsafeSandbox' | 'isolateHost'>,
  found: Pick<MachineLayout, 'env' | 'archives'> & { readonly engine: EngineChoice; readonly engineOps: number },
): MachineLayout => ({
  dataDir,
  dirs: { logs: join(dataDir, 'logs'), config: join(dataDir, 'config') },
  env: found.env,
  archives: found.archives,
  host: unsafeSandbox ? 'unsafe' : isolateHost,
  python: {
    engine: found.engine,
    dir: join(dataDir, 'engine'),
    label: createHash('sha256').update(dataDir).digest('hex').slice(0, 12),
    opsPort: found.engineOps,
  },
})
