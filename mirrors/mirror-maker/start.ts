// A MirrorMaker as a child of this process: for tests and benches. A started system's supervisor uses the parts instead.
import { type JavaProcess, startJavaProcess } from '#hub'
import { MirrorError } from '../errors.ts'
import { mirrorMakerCommand } from './command.ts'
import { followEvents } from './events-file.ts'
import { prepareMirrorMaker } from './write-files.ts'
import { mirrorMakerFiles, type MirrorMakerSettings } from './settings.ts'

/** Resolves when a task has begun to copy, among peers when it has its share of the tasks. Rejects with MIRROR_MAKER_DIED when a task dies first, or the signal's reason. */
export const awaitMirrorMaker = async (settings: MirrorMakerSettings, signal: AbortSignal): Promise<void> => {
  for await (const { kind, text } of followEvents(mirrorMakerFiles(settings.dir).events, signal)) {
    if (kind === 'replicating' || (kind === 'joined' && settings.peers !== undefined)) return
    if (kind === 'dead')
      throw new MirrorError('MIRROR_MAKER_DIED', `MirrorMaker of ${settings.name} cannot replicate: ${text}`)
  }
  signal.throwIfAborted()
}

export type MirrorMaker = JavaProcess

/** Prepares and starts a MirrorMaker and waits until it copies. Throws MirrorError MIRROR_MAKER_*; then nothing is left running. */
export const startMirrorMaker = async (settings: MirrorMakerSettings): Promise<MirrorMaker> => {
  await prepareMirrorMaker(settings)
  const died = new AbortController()
  const child = startJavaProcess(mirrorMakerCommand(settings), {
    onEnd: (what, tail) => {
      const message = `MirrorMaker of ${settings.name} ended (${what}). Its last lines:\n${tail.join('\n')}`
      died.abort(new MirrorError('MIRROR_MAKER_DIED', message))
    },
  })
  try {
    await awaitMirrorMaker(settings, died.signal)
  } catch (error) {
    await child.kill()
    throw error
  }
  return child
}
