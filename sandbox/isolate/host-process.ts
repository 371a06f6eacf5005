// The trusted end of one host process: starts it, frames what is said, reads its intent, knows how it ended.
import { closeSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { type ColumnSet } from '../batch.ts'
import { SandboxError } from '../errors.ts'
import { type Confined, type HostCommand, type Jail } from '../jail/jail.ts'
import { makeOwnDirectory } from '../leftovers.ts'
import { openFrameSplitter } from './frame-splitter.ts'
import { FRAME_HEADER_BYTES, INTENT_BYTES, MessageKind, ReplyKind } from '../wire.ts'
import { memoryDirectory, type Ring } from './ring.ts'

export interface Intent {
  readonly slot: number
  readonly seq: number
  readonly phase: number
  readonly count: number
}

/** How a host ended, for the rule of blame. */
export interface HostEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly intent: Intent
  readonly stderr: string
  /** Ended by the kernel for the memory of its group. */
  readonly outOfMemory: boolean
  /** Why we killed it, if we did. */
  readonly killedFor?: KillReason
}

export type KillReason = 'deadline' | 'starved' | 'memory' | 'protocol' | 'posture' | 'retired'

export interface HostOptions {
  readonly jail: Jail
  readonly ring: Ring
  readonly dir: string
  readonly command: Omit<HostCommand, 'ring' | 'intent'>
  /** How far it gives way to other processes, as in nice(1). */
  readonly niceness?: number
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
export function startHost({ jail, ring, dir, command, niceness = 0 }: HostOptions) {
  const folder = makeOwnDirectory(memoryDirectory(dir), 'skysieve-intent-')
  const path = join(folder, 'intent')
  const intentWriter = openSync(path, 'w', 0o600)
  const intentReader = openSync(path, 'r')
  const ringReader = ring.openReader()
  rmSync(folder, { recursive: true })
  let confined: Confined
  try {
    confined = jail.start({ ...command, ring: ringReader, intent: intentWriter })
  } finally {
    closeSync(ringReader)
    closeSync(intentWriter)
  }
  const { child } = confined
  const { stdin, stdout, stderr } = child
  if (niceness > 0 && child.pid !== undefined) setPriority(child.pid, niceness)
  if (stdin === null || stdout === null || stderr === null) throw new Error('the host was started without pipes')

  const layouts = new Set<number>()
  let said = ''
  let spoke = false
  let killedFor: KillReason | undefined
  const record = new Uint32Array(INTENT_BYTES / 4)
  const recordBytes = new Uint8Array(record.buffer)

  const intent = (): Intent => {
    readSync(intentReader, recordBytes, 0, INTENT_BYTES, 0)
    return { slot: record[0] ?? 0, seq: record[1] ?? 0, phase: record[2] ?? 0, count: record[3] ?? 0 }
  }
  const kill = (reason: KillReason): void => {
    killedFor ??= reason
    confined.kill()
  }

  stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-STDERR_CHARS)
  })
  stdin.on('error', () => undefined)
  stdout.on('error', () => undefined)

  const push = openFrameSplitter(MAX_REPLY_BYTES, (kind, payload) => onReply(kind, payload))
  stdout.on('data', (piece: Buffer) => {
    try {
      push(piece)
    } catch {
      kill('protocol')
    }
  })

  const ended = new Promise<HostEnd>(resolve => {
    let done = false
    const settle = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (done) return
      done = true
      const end = { code, signal, intent: intent(), stderr: said, outOfMemory: confined.outOfMemory() }
      closeSync(intentReader)
      confined.kill()
      confined.dispose()
      resolve(killedFor === undefined ? end : { ...end, killedFor })
    }
    child.on('close', settle)
    child.on('error', error => {
      said = String(error)
      settle(null, null)
    })
  })

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
    const how = end.signal ?? `code ${end.code}`
    const message = `An isolate host (${jail.kind}) ended with ${how} before it was ready: ${end.stderr.trim()}`
    throw new SandboxError('SANDBOX_HOST_START', message)
  }
  const ready = start()
  ready.catch(() => undefined)

  const send = (kind: number, message: object): void => {
    const payload = Buffer.from(JSON.stringify(message))
    const header = Buffer.alloc(FRAME_HEADER_BYTES)
    header.writeUInt32LE(payload.length, 0)
    header.writeUInt32LE(kind, 4)
    stdin.write(Buffer.concat([header, payload]))
  }

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
    ended,
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
    /** CPU time of all its threads so far; 0 when it is gone. */
    cpuMs(): number {
      const fields = stat()
      return fields === undefined ? 0 : ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND
    },
    /** Whether it runs: it has said that it is ready, and has not ended. */
    isUp: (): boolean => spoke && /^[^ZX]$/.test(stat()?.[0] ?? 'X'),
    /** Whether somebody stopped it with a signal. */
    stopped: (): boolean => /^[Tt]$/.test(stat()?.[0] ?? ''),
    residentMb,
    /** Where no cgroup bounds its memory, the supervisor does. */
    memoryExceeded: (): boolean => confined.watchMemoryMb !== undefined && residentMb() > confined.watchMemoryMb,
    retire(): void {
      killedFor ??= 'retired'
      stdin.end()
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
