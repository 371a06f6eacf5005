// The trusted end of one host process. In go messages, out come its replies, its figures in /proc, what it said it would do last, and how it ended.
import { closeSync, readFileSync, writeFileSync } from 'node:fs'
import { type ColumnSet } from '../../columns/batch.ts'
import { type OutputListener } from '../../engine/attach-stream.ts'
import { SandboxError } from '../../errors.ts'
import { type ConfinedHost, type HostCommand, type HowEnded, type Jail } from '../../jail/jail.ts'
import { memoryDirectory } from '../../machine/shared-folder.ts'
import { type Ring } from '../../protocol/batch-ring.ts'
import { frameOf, openFrameSplitter } from '../../protocol/frame-splitter.ts'
import { MessageKind, ReplyKind } from '../../protocol/wire.ts'
import { type Intent, openIntentFile } from './intent-file.ts'

/** How a host ended, for the rule of blame. */
export interface HostEnd extends Omit<HowEnded, 'why'> {
  readonly intent: Intent
  readonly stderr: string
  /** Why we killed it, if we did. */
  readonly killedFor?: KillReason
}

/** `full`: all its filters together take more than it may have; `overdue`: it goes on without getting on. */
export type KillReason = 'deadline' | 'starved' | 'memory' | 'full' | 'overdue' | 'protocol' | 'posture' | 'retired'

export interface HostOptions {
  readonly jail: Jail
  readonly ring: Ring
  readonly dir: string
  readonly command: Omit<HostCommand, 'ring' | 'intent'>
}

const STDERR_CHARS = 4000
/** A reply of 256 rows of 500 filters with all annotations stays below this. */
const MAX_REPLY_BYTES = 256 * 1024 * 1024
const START_MS = 20_000
/** Clock ticks of /proc per second; 100 on every Linux that Node supports. */
const TICKS_PER_SECOND = 100
const PAGE_BYTES = 4096

export type ReplyHandler = (kind: number, payload: Buffer) => void

/** Starts a host. `ready` settles when it listens; after that `onReply` and `ended` tell what happens. */
export function startHost({ jail, ring, dir, command }: HostOptions) {
  const { niceness = 0 } = command
  const intents = openIntentFile(jail.sharedDir ?? memoryDirectory(dir), { named: jail.sharedDir !== undefined })
  const layouts = new Set<number>()
  let said = ''
  let spoke = false
  let killedFor: KillReason | undefined
  let last: Intent | undefined
  const intent = (): Intent => last ?? intents.read()
  const push = openFrameSplitter(MAX_REPLY_BYTES, (kind, payload) => onReply(kind, payload))
  const onOutput: OutputListener = (stream, bytes) => {
    if (killedFor !== undefined) return
    if (stream === 'stderr') {
      said = (said + bytes.toString()).slice(-STDERR_CHARS)
      return
    }
    try {
      push(bytes)
    } catch {
      kill('protocol')
    }
  }

  const ringReader = ring.openReader()
  let confined: ConfinedHost
  try {
    confined = jail.start(
      { ...command, ring: { descriptor: ringReader, folder: ring.folder }, intent: intents.file },
      onOutput,
    )
  } catch (error) {
    intents.close()
    throw error
  } finally {
    closeSync(ringReader)
    intents.handedOver()
  }
  const killed = Promise.withResolvers<HowEnded>()
  const kill = (reason: KillReason): void => {
    killedFor ??= reason
    confined.kill()
    // Its reason is known: nobody needs to wait until the kernel has taken its memory back.
    killed.resolve({ code: null, signal: null, outOfMemory: false })
  }
  const end = async (): Promise<HostEnd> => {
    const { why, ...how } = await Promise.race([confined.ended, killed.promise])
    last = intents.read()
    return { ...how, intent: last, stderr: why ?? said, ...(killedFor && { killedFor }) }
  }
  const ended = end()
  const untilGone = async (): Promise<string | undefined> => {
    const [{ why }] = await Promise.all([confined.ended, ended])
    intents.close()
    return why
  }

  const { promise: listening, resolve: listens } = Promise.withResolvers<void>()
  let onReply: ReplyHandler = kind => {
    if (kind !== ReplyKind.ready) throw new Error('the host spoke before it was ready')
    spoke = true
    listens()
  }
  const start = async (): Promise<void> => {
    const timer = setTimeout(() => kill('retired'), START_MS)
    const end = await Promise.race([listening, ended])
    clearTimeout(timer)
    if (end === undefined) return giveWay(confined.nodePid(), niceness)
    const how = end.killedFor === undefined ? (end.signal ?? `code ${end.code}`) : 'our own SIGKILL'
    const message = `An isolate host (${jail.kind}) ended with ${how} before it was ready: ${end.stderr.trim()}`
    throw new SandboxError('SANDBOX_HOST_START', message)
  }
  const ready = start()
  ready.catch(() => undefined)

  const send = (kind: number, message: object): void => confined.write(frameOf(kind, message))

  /** Fields of /proc/<pid>/stat behind the command's name, or nothing when it is gone. */
  const stat = (): string[] | undefined => {
    const pid = confined.nodePid()
    if (pid === undefined) return undefined
    try {
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
      return text.slice(text.lastIndexOf(')') + 2).split(' ')
    } catch {
      return undefined
    }
  }

  const residentMb = (): number => (Number(stat()?.[21] ?? 0) * PAGE_BYTES) / 1_048_576

  return {
    ready,
    /** Settles when it has ended, or was killed from here. */
    ended,
    /** Settles when nothing of it is left, or with why it is not waited for. */
    gone: untilGone(),
    intent,
    kill,
    send,
    pid: () => confined.nodePid(),
    onReply(handler: ReplyHandler): void {
      onReply = handler
    },
    /** Makes a layout known to the host, once. */
    ensureLayout(layout: number, set: ColumnSet): void {
      if (layouts.has(layout)) return
      layouts.add(layout)
      send(MessageKind.layout, { layout, set })
    },
    /** CPU time of all its threads so far; 0 when it is gone, nothing where it cannot be seen from here. */
    cpuMs(): number | undefined {
      if (confined.nodePid() === undefined) return undefined
      const fields = stat()
      return fields === undefined ? 0 : ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND
    },
    /** Whether it runs: it has said that it is ready, and has not ended. */
    isUp(): boolean {
      if (!spoke || last !== undefined) return false
      return confined.nodePid() === undefined || /^[^ZX]$/.test(stat()?.[0] ?? 'X')
    },
    differences: () => confined.differences(),
    /** Whether somebody stopped it with a signal. */
    stopped: (): boolean => /^[Tt]$/.test(stat()?.[0] ?? ''),
    residentMb,
    /** Where no cgroup bounds its memory, the supervisor does. */
    memoryExceeded: (): boolean => confined.watchMemoryMb !== undefined && residentMb() > confined.watchMemoryMb,
    retire(): void {
      killedFor ??= 'retired'
      confined.end()
    },
  }
}

/** Where the kernel schedules sessions as groups, nice(1) counts only within a host's session; then the session gives way too. */
function giveWay(pid: number | undefined, niceness: number): void {
  if (niceness === 0 || pid === undefined) return
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(niceness))
  } catch {
    // A kernel without such groups, or a host that has just ended.
  }
}

export type HostProcess = ReturnType<typeof startHost>
