// A host that is a child of this process: its pipes, its end, its priority.
import { type ChildProcess } from 'node:child_process'
import { setPriority } from 'node:os'
import { type Confined, type Hear, type HowEnded } from './jail.ts'

export interface ChildOptions {
  readonly hear: Hear
  readonly niceness: number
  /** Asked once, when it has ended. */
  readonly outOfMemory?: () => boolean
}

/** What all children have in common, of the interface of a confined host. */
export function followChild(
  child: ChildProcess,
  { hear, niceness, outOfMemory }: ChildOptions,
): Pick<Confined, 'started' | 'write' | 'end' | 'ended' | 'kill'> {
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null || stderr === null) throw new Error('the host was started without pipes')
  if (niceness > 0 && child.pid !== undefined) setPriority(child.pid, niceness)
  const { promise: ended, resolve } = Promise.withResolvers<HowEnded>()
  const settle = (how: Omit<HowEnded, 'outOfMemory'>): void =>
    resolve({ ...how, outOfMemory: outOfMemory?.() ?? false })
  child.on('close', (code, signal) => settle({ code, signal }))
  child.on('error', error => settle({ code: null, signal: null, why: String(error) }))
  stdin.on('error', () => undefined)
  for (const [name, stream] of Object.entries({ stdout, stderr })) {
    stream.on('error', () => undefined)
    stream.on('data', (piece: Buffer) => hear(name as 'stdout' | 'stderr', piece))
  }
  return {
    ended,
    started: Promise.resolve(),
    write: bytes => void stdin.write(bytes),
    end: () => void stdin.end(),
    kill(): void {
      child.kill('SIGKILL')
      // A process killed while it sets the jail up may leave one behind that does not die with it yet; that one ends with its input.
      stdin.destroy()
    },
  }
}
