// A container with a line to it: made, attached before it is started, heard, and removed whatever happens.
import { type Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type Docker from 'dockerode'
import { type ContainerCreateOptions } from 'dockerode'
import { type Logger } from 'pino'
import { openStreamSplitter, type OutputListener } from './attach-stream.ts'
import { statusOf } from './docker-engine.ts'

/** The engine's state follows the end of the stream, and what it knows about memory follows that. */
const STATE_ATTEMPTS = 40
const MEMORY_ATTEMPTS = 5
const ATTEMPT_MS = 50

/** How a container ended, as the engine tells it. */
export interface ContainerState {
  /** Nothing when the engine does not know it any more, or was not asked. */
  readonly exitCode?: number
  readonly outOfMemory: boolean
}

async function stateOf(container: Docker.Container): Promise<ContainerState> {
  for (let attempt = 0, ended = 0; attempt < STATE_ATTEMPTS; attempt++) {
    try {
      const { State } = await container.inspect()
      if (!State.Running && (State.OOMKilled || State.ExitCode !== 137 || ended++ >= MEMORY_ATTEMPTS))
        return { exitCode: State.ExitCode, outOfMemory: State.OOMKilled }
    } catch {
      // Removed by somebody, or the engine is lost.
      return { outOfMemory: false }
    }
    await pause(ATTEMPT_MS)
  }
  return { outOfMemory: false }
}

export interface AttachOptions {
  readonly docker: Docker
  readonly flags: ContainerCreateOptions
  readonly logger: Logger
  /** Takes what it writes; what this throws is a breach. */
  readonly onOutput: OutputListener
  /** It said something it must not; it goes on until it is killed. */
  readonly onBreach: (why: string) => void
  /** It could not be removed. */
  readonly onLeft: (id: string) => void
}

/** Makes a container and a line to it; `start` starts it. Throws what dockerode throws. */
export async function attachContainer({ docker, flags, logger, onOutput, onBreach, onLeft }: AttachOptions) {
  const container = await docker.createContainer(flags)
  let stream: Duplex
  try {
    // The connection itself, so that a container that does not read is felt.
    stream = (await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true })) as Duplex
  } catch (error) {
    await container.remove({ force: true }).catch(() => undefined)
    throw error
  }
  let killed = false
  const push = openStreamSplitter((name, bytes) => {
    if (!killed) onOutput(name, bytes)
  })
  stream.on('error', () => undefined)
  stream.on('data', (piece: Buffer) => {
    try {
      push(piece)
    } catch (error) {
      onBreach(error instanceof Error ? error.message : 'it could not be read')
    }
  })

  const ending = Promise.withResolvers<ContainerState>()
  const removed = Promise.withResolvers<void>()
  const remove = async (): Promise<void> => {
    try {
      await container.remove({ force: true, v: true })
    } catch (error) {
      if (![404, 409].includes(statusOf(error) ?? 0)) {
        onLeft(container.id)
        logger.warn({ err: error }, 'a container could not be removed; it is tried again when the engine is back')
      }
    }
    removed.resolve()
  }
  const settle = async (): Promise<void> => {
    // One that we ended needs no looking at: its reason is known.
    ending.resolve(killed ? { outOfMemory: false } : await stateOf(container))
    await remove()
  }
  stream.on('close', () => void settle())

  return {
    id: container.id,
    start: (): Promise<unknown> => container.start(),
    inspect: (): Promise<Docker.ContainerInspectInfo> => container.inspect(),
    /** Changes its limits while it runs. */
    update: (limits: Docker.HostConfig): Promise<unknown> => container.update(limits),
    write: (bytes: Uint8Array): void => void stream.write(bytes),
    /** Ends its input. */
    end: (): void => void stream.end(),
    /** Settles when it has ended; at once when it was killed from here. */
    ended: ending.promise,
    /** Settles when the engine has removed it, or could not. */
    removed: removed.promise,
    /** Ends and removes it; the stream goes first, since an unread one would hold the engine's removal up. */
    kill(): void {
      killed = true
      stream.destroy()
    },
  }
}

export type AttachedContainer = Awaited<ReturnType<typeof attachContainer>>
