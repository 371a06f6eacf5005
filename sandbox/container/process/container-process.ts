// The trusted end of one filter's container. In go messages, one at a time, out come its answers, or how it ended. It is proved before it is given to anybody.
import type Docker from 'dockerode'
import { type Logger } from 'pino'
import { type ColumnSet } from '../../columns/batch.ts'
import { attachContainer } from '../../engine/attached-container.ts'
import { postureDifferences } from '../../engine/container-posture.ts'
import { openUsage } from '../../engine/container-usage.ts'
import { SandboxError } from '../../errors.ts'
import { nanoCpus } from '../../machine/cpu-quota.ts'
import { frameOf, openFrameSplitter } from '../../protocol/frame-splitter.ts'
import { readNoted } from '../../protocol/verdict-reader.ts'
import { MessageKind, ReplyKind } from '../../protocol/wire.ts'
import { type AuthorError } from '../../sandbox.ts'
import { containerFlags, type ContainerPlan, SLOW_PROCESSORS } from './container-flags.ts'

/** Scores, annotations in full and logs of one filter stay below. */
const MAX_REPLY_BYTES = 4 * 1_048_576
/** Standard error between two answers; the program itself writes nothing there. */
const MAX_STDERR_BYTES = 262_144
const STDERR_CHARS = 2000
/** On a machine that has no processor to spare a start takes ten times its usual second, and more. */
const READY_MS = 120_000

type ReplyHandler = (kind: number, payload: Buffer) => void

/** Why we ended a container. */
export type KillReason = 'deadline' | 'memory' | 'protocol' | 'starved' | 'posture' | 'retired'

/** How it ended, for the rule of blame. */
export interface ContainerEnd {
  /** Nothing when the engine does not know it any more. */
  readonly exitCode?: number
  readonly outOfMemory: boolean
  readonly killedFor?: KillReason
  /** What was wrong with the conversation, or what went on at the deadline. */
  readonly detail?: string
  /** The first error of the batch it was at. */
  readonly noted?: AuthorError
}

/** What comes of a request. */
export type Answer<T> = { readonly answer: T } | { readonly end: ContainerEnd }

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
  const flags = containerFlags(plan)
  let onReply: ReplyHandler = nothing
  let onEnd: (end: ContainerEnd) => void = nothing
  let over: ContainerEnd | undefined
  let killedFor: KillReason | undefined
  let detail: string | undefined
  let noted: AuthorError | undefined
  let said = ''
  let stderrBytes = 0
  const pushFrames = openFrameSplitter(MAX_REPLY_BYTES, (kind, payload) => {
    stderrBytes = 0
    onReply(kind, payload)
  })
  const container = await attachContainer({
    docker,
    flags,
    logger,
    onLeft,
    onOutput(name, bytes) {
      if (name === 'stdout') return pushFrames(bytes)
      said = (said + bytes.toString('latin1')).slice(-STDERR_CHARS)
      stderrBytes += bytes.length
      if (stderrBytes > MAX_STDERR_BYTES)
        throw new Error(`wrote more than ${MAX_STDERR_BYTES} bytes to its standard error`)
    },
    onBreach: why => kill('protocol', why),
  })
  const kill = (reason: KillReason, why?: string): void => {
    killedFor ??= reason
    detail ??= why
    container.kill()
  }
  const end = async (): Promise<ContainerEnd> => {
    const state = await container.ended
    over = { ...state, ...(killedFor && { killedFor }), ...(detail && { detail }), ...(noted && { noted }) }
    onEnd(over)
    return over
  }
  const ended = end()

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
    const differences = postureDifferences(inspected, flags, openUsage(pid, container.id))
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
  const send = (kind: number, message: object): void => container.write(frameOf(kind, message))

  return {
    id: container.id,
    pid,
    usage,
    ended,
    /** What needs no answer. */
    send,
    /** Settles when the engine has removed it, or could not. */
    removed: container.removed,
    kill,
    /** From now on it gets half a processor at most. */
    async slowDown(): Promise<void> {
      try {
        await container.update({ NanoCpus: nanoCpus(SLOW_PROCESSORS) })
      } catch (error) {
        logger.warn({ err: error }, 'a slow container keeps its share of the processor')
      }
    },
    /** Differences from what is required, now. */
    async differences(): Promise<readonly string[]> {
      return postureDifferences(await container.inspect(), flags, usage)
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
