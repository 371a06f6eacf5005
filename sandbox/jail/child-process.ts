// A host that is a child of this process: its pipes, its end, its priority.
import { type ChildProcess } from 'node:child_process'
import { setPriority } from 'node:os'
import { type OutputListener } from '../engine/attach-stream.ts'
import { type ConfinedHost, type HowEnded } from './jail.ts'

export interface ChildOptions {
  readonly onOutput: OutputListener
  readonly niceness: number
  /** Whether it leads a process group of its own, all of which ends with it. */
  readonly leadsGroup?: boolean
  /** How long the kernel may take to end it once it is killed. */
  readonly killedMs?: number
  /** Asked once, when it has ended. */
  readonly outOfMemory?: () => boolean
}

/** Giving back the memory of a killed host takes milliseconds; a machine that is much slower and busy is no fault. */
const KILLED_MS = 10_000

/** What all children have in common, of the interface of a confined host. */
export function followChild(
  child: ChildProcess,
  { onOutput, niceness, leadsGroup = false, killedMs = KILLED_MS, outOfMemory }: ChildOptions,
): Pick<ConfinedHost, 'started' | 'write' | 'end' | 'ended' | 'kill'> {
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null || stderr === null) throw new Error('the host was started without pipes')
  if (niceness > 0 && child.pid !== undefined) setPriority(child.pid, niceness)
  const { promise: ended, resolve } = Promise.withResolvers<HowEnded>()
  const settle = (how: Omit<HowEnded, 'outOfMemory'>): void =>
    resolve({ ...how, outOfMemory: outOfMemory?.() ?? false })
  /** All that is still in its group: what was started to set the jail up waits for its killed parent for ever. */
  const killGroup = (): void => {
    if (!leadsGroup || child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // Nothing is left in it.
    }
  }
  /** What has not ended in time is not waited for, and does not keep this process alive. */
  const giveUp = (): void => {
    stdout.destroy()
    stderr.destroy()
    child.unref()
    settle({ code: null, signal: null, why: `it was killed, but has not ended within ${killedMs / 1000} s` })
  }
  let givingUp: NodeJS.Timeout | undefined
  let isClosed = false
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null
  child.on('exit', killGroup)
  child.on('close', (code, signal) => {
    isClosed = true
    clearTimeout(givingUp)
    settle({ code, signal })
  })
  child.on('error', error => settle({ code: null, signal: null, why: String(error) }))
  stdin.on('error', () => undefined)
  for (const [name, stream] of Object.entries({ stdout, stderr })) {
    stream.on('error', () => undefined)
    stream.on('data', (piece: Buffer) => onOutput(name as 'stdout' | 'stderr', piece))
  }
  return {
    ended,
    started: Promise.resolve(),
    write: bytes => void stdin.write(bytes),
    end: () => void stdin.end(),
    kill(): void {
      // The number of one that has ended may be another's by now.
      if (!hasExited()) killGroup()
      child.kill('SIGKILL')
      // What has left its group but does not die with it yet ends with its input.
      stdin.destroy()
      if (!isClosed) givingUp ??= setTimeout(giveUp, killedMs).unref()
    },
  }
}
