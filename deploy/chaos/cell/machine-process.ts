// A machine of a cell as a chaos run has it in hand: it is started, killed with all that runs there, unplugged, and brought back.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Host } from '../../checks/hosts.ts'
import { writePrivate } from '../../start/layout/secrets.ts'
import { type MachineLine, type MachinePlan } from './machine-plan.ts'

export interface CellMachine {
  readonly name: string
  /** Resolves when broker, MirrorMaker and worker are ready. Rejects when it ends before. */
  start: () => Promise<void>
  /** SIGKILL; what runs there ends with it. */
  kill: () => Promise<void>
  cut: () => void
  mend: () => void
  /** SIGTERM. */
  stop: () => Promise<void>
}

const STOP_LIMIT_MS = 25_000

export const cellMachine = (host: Host, plan: MachinePlan, onLine: (line: MachineLine) => void): CellMachine => {
  const file = join(plan.dataDir, 'machine.json')
  let child: ChildProcess | undefined
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    running.kill(signal)
    const limit = setTimeout(() => running.kill('SIGKILL'), STOP_LIMIT_MS)
    await once(running, 'exit')
    clearTimeout(limit)
  }
  return {
    name: host.name,
    start: async () => {
      writePrivate(file, JSON.stringify(plan))
      const { command, args } = host.on(process.execPath, [join(import.meta.dirname, 'machine/main.ts'), file])
      const running = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      child = running
      const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
      running.once('exit', () => reject(new Error(`${host.name} ended before it was ready`)))
      createInterface({ input: running.stdout }).on('line', text => {
        const line = JSON.parse(text) as MachineLine
        onLine(line)
        if ('ready' in line) resolve()
      })
      await ready
    },
    kill: () => end('SIGKILL'),
    cut: host.cut,
    mend: host.mend,
    stop: () => end('SIGTERM'),
  }
}
