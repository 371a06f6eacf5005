// One container: made, attached before it is started, proved, spoken with in frames, and removed whatever happens.
import { type Duplex } from 'node:stream'
import type Docker from 'dockerode'
import { type Logger } from 'pino'
import { SandboxError } from '../errors.ts'
import { openFrameSplitter } from '../isolate/frame-splitter.ts'
import { readNoted } from '../isolate/verdict-reader.ts'
import { type ColumnSet } from '../batch.ts'
import { type AuthorError } from '../sandbox.ts'
import { FRAME_HEADER_BYTES, MessageKind, ReplyKind } from '../wire.ts'
import { type ContainerEnd, type KillReason } from './blame.ts'
import { statusOf } from './engine.ts'
import { containerFlags, type ContainerPlan } from './flags.ts'
import { postureDifferences } from './posture.ts'
import { openStreamSplitter } from './stream-splitter.ts'
import { openUsage } from './usage.ts'

/** Scores, annotations in full and logs of one filter stay below. */
const MAX_REPLY_BYTES = 4 * 1_048_576
/** Standard error between two answers; the program itself writes nothing there. */
const MAX_STDERR_BYTES = 262_144
const STDERR_CHARS = 2000
const READY_MS = 30_000
/** The engine's state follows the end of the stream, and what it knows about memory follows that. */
const STATE_ATTEMPTS = 40
const MEMORY_ATTEMPTS = 5
const ATTEMPT_MS = 50

type ReplyHandler = (kind: number, payload: Buffer) => void

/** What comes of a request. */
export type Answer<T> = { readonly answer: T } | { readonly end: ContainerEnd }

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

async function stateOf(container: Docker.Container): Promise<Omit<ContainerEnd, 'killedFor' | 'detail' | 'noted'>> {
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

const nothing = (): void => undefined

const unasked: ReplyHandler = () => {
  throw new Error('it spoke without being asked')
}

export interface StartOptions {
  readonly docker: Docker
  readonly plan: ContainerPlan
  readonly logger: Logger
  /** It could not be removed. */
  readonly onLeft: (id: string) => void
}

/** Starts a container and waits until its program speaks. Throws what dockerode throws, SANDBOX_HOST_START or SANDBOX_POSTURE. */
export async function startContainer({ docker, plan, logger, onLeft }: StartOptions) {
  const container = await docker.createContainer(containerFlags(plan))
  let stream: Duplex
  try {
    // The connection itself, so that a container that does not read is felt.
    stream = (await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true })) as Duplex
  } catch (error) {
    await container.remove({ force: true }).catch(() => undefined)
    throw error
  }

  let onReply: ReplyHandler = nothing
  let onEnd: (end: ContainerEnd) => void = nothing
  let over: ContainerEnd | undefined
  let killedFor: KillReason | undefined
  let detail: string | undefined
  let noted: AuthorError | undefined
  let said = ''
  let stderrBytes = 0
  const removed = Promise.withResolvers<void>()

  /** Ends it; the stream goes first, since an unread one would hold the engine's removal up. */
  const kill = (reason: KillReason, why?: string): void => {
    killedFor ??= reason
    detail ??= why
    stream.destroy()
  }
  const pushFrames = openFrameSplitter(MAX_REPLY_BYTES, (kind, payload) => {
    stderrBytes = 0
    onReply(kind, payload)
  })
  const pushStream = openStreamSplitter((name, bytes) => {
    if (killedFor !== undefined) return
    if (name === 'stdout') return pushFrames(bytes)
    said = (said + bytes.toString('latin1')).slice(-STDERR_CHARS)
    stderrBytes += bytes.length
    if (stderrBytes > MAX_STDERR_BYTES)
      throw new Error(`wrote more than ${MAX_STDERR_BYTES} bytes to its standard error`)
  })
  stream.on('error', () => undefined)
  stream.on('data', (piece: Buffer) => {
    try {
      pushStream(piece)
    } catch (error) {
      kill('protocol', error instanceof Error ? error.message : 'it could not be read')
    }
  })

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
  const ending = Promise.withResolvers<ContainerEnd>()
  const ended = ending.promise
  const settle = async (): Promise<void> => {
    // One that we ended needs no looking at: its reason is known.
    const state = killedFor === undefined ? await stateOf(container) : { outOfMemory: false }
    over = { ...state, ...(killedFor && { killedFor }), ...(detail && { detail }), ...(noted && { noted }) }
    ending.resolve(over)
    onEnd(over)
    await remove()
  }
  stream.on('close', () => void settle())

  const ready = Promise.withResolvers<void>()
  ready.promise.catch(() => undefined)
  const late = setTimeout(() => kill('retired'), READY_MS)
  onReply = kind => {
    if (kind !== ReplyKind.ready) throw new Error('it spoke before it was ready')
    ready.resolve()
  }
  onEnd = end => {
    const how = end.exitCode === undefined ? (end.killedFor ?? 'its end from outside') : `exit code ${end.exitCode}`
    const message = `A container of ${plan.image} ended with ${how} before it was ready: ${said.trim() || 'it said nothing'}.`
    ready.reject(new SandboxError('SANDBOX_HOST_START', message))
  }
  let pid: number
  try {
    await container.start()
    await ready.promise
    const inspected = await container.inspect()
    pid = inspected.State.Pid
    const differences = postureDifferences(inspected, plan, openUsage(pid, container.id))
    if (differences.length > 0)
      throw new SandboxError('SANDBOX_POSTURE', `A container is not confined as it must be: ${differences.join('; ')}.`)
  } catch (error) {
    kill('retired')
    throw error
  } finally {
    clearTimeout(late)
  }
  onReply = unasked
  // One handler for all requests: a promise that lives as long as the container would keep one of each.
  onEnd = nothing

  const usage = openUsage(pid, container.id)
  const layouts = new Set<number>()
  const send = (kind: number, message: object): void => {
    const payload = Buffer.from(JSON.stringify(message))
    const header = Buffer.alloc(FRAME_HEADER_BYTES)
    header.writeUInt32LE(payload.length, 0)
    header.writeUInt32LE(kind, 4)
    stream.write(Buffer.concat([header, payload]))
  }

  return {
    id: container.id,
    pid,
    usage,
    ended,
    /** Settles when the engine has removed it, or could not. */
    removed: removed.promise,
    kill,
    /** Differences from what is required, now. */
    async differences(): Promise<readonly string[]> {
      return postureDifferences(await container.inspect(), plan, usage)
    },
    /** Makes a layout known, once. */
    ensureLayout(layout: number, set: ColumnSet): void {
      if (layouts.has(layout)) return
      layouts.add(layout)
      send(MessageKind.layout, { layout, set })
    },
    /** Sends one request, when the last is settled. One answer is expected: `read` takes it, and what it throws is a breach. */
    ask<T>(
      kind: number,
      message: { readonly seq: number },
      read: (kind: number, payload: Buffer) => T,
    ): Promise<Answer<T>> {
      const { promise, resolve } = Promise.withResolvers<Answer<T>>()
      onEnd = end => resolve({ end })
      noted = undefined
      onReply = (replyKind, payload) => {
        if (replyKind === ReplyKind.noted && noted === undefined) {
          const { seq, ...error } = readNoted(payload)
          if (seq !== message.seq) throw new Error('it noted an error of another batch')
          noted = error
          return
        }
        const answer = read(replyKind, payload)
        onReply = unasked
        resolve({ answer })
      }
      if (over !== undefined) onEnd(over)
      else send(kind, message)
      return promise
    },
  }
}

export type ContainerProcess = Awaited<ReturnType<typeof startContainer>>
