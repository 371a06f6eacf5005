// A MirrorMaker as a child of this process: for tests and benches. A started system's supervisor uses the parts instead.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { MirrorError } from '../errors.ts'
import { mirrorMakerCommand } from './command.ts'
import { followEvents } from './event-file.ts'
import { prepareMirrorMaker } from './prepare.ts'
import { mirrorMakerFiles, type MirrorMakerSettings } from './settings.ts'

const TAIL_LINES = 40
const STOP_LIMIT_MS = 10_000

/** Resolves when a task has begun to copy. Rejects with MIRROR_MAKER_DIED when a task dies first, or the signal's reason. */
export const awaitMirrorMaker = async (settings: MirrorMakerSettings, signal: AbortSignal): Promise<void> => {
  for await (const { kind, text } of followEvents(mirrorMakerFiles(settings.dir).events, signal)) {
    if (kind === 'replicating') return
    if (kind === 'dead')
      throw new MirrorError('MIRROR_MAKER_DIED', `MirrorMaker of ${settings.name} cannot replicate: ${text}`)
  }
  signal.throwIfAborted()
}

export interface MirrorMaker {
  readonly pid: number
  /** Resolves when the process has ended, however it did. */
  readonly ended: Promise<void>
  /** The last lines of its log. */
  tail: () => readonly string[]
  /** SIGTERM, and SIGKILL after 10 s. */
  stop: () => Promise<void>
  /** SIGKILL, as a crash would end it. */
  kill: () => Promise<void>
}

/** Prepares and starts a MirrorMaker and waits until it copies. Throws MirrorError MIRROR_MAKER_*; then nothing is left running. */
export const startMirrorMaker = async (settings: MirrorMakerSettings): Promise<MirrorMaker> => {
  await prepareMirrorMaker(settings)
  const { command, args, env, cwd } = mirrorMakerCommand(settings)
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', line => {
      lines.push(line)
      if (lines.length > TAIL_LINES) lines.shift()
    })
  const died = new AbortController()
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const exited = (what: string): void => {
    const message = `MirrorMaker of ${settings.name} ended (${what}). Its last lines:\n${lines.join('\n')}`
    died.abort(new MirrorError('MIRROR_MAKER_DIED', message))
    end()
  }
  child.once('error', error => exited(error.message))
  child.once('close', (code, signal) => exited(signal ?? `code ${code}`))
  const stopBy = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
    await ended
    clearTimeout(limit)
  }
  try {
    await awaitMirrorMaker(settings, died.signal)
  } catch (error) {
    await stopBy('SIGKILL')
    throw error
  }
  return {
    pid: child.pid!,
    ended,
    tail: () => lines,
    stop: () => stopBy('SIGTERM'),
    kill: () => stopBy('SIGKILL'),
  }
}
