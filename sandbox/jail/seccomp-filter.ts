// Assembles the seccomp filter of a host: classic BPF, an array of struct sock_filter, as bubblewrap takes it.
import { SandboxError } from '../errors.ts'
import { MACHINES } from './allowed-system-calls.ts'

/** What happens on a call that is not allowed: refused with EPERM, or the whole process ended (in tests, so that nothing goes unnoticed). */
export type OnForbidden = 'errno' | 'kill'

interface Instruction {
  readonly code: number
  readonly ifTrue: number
  readonly ifFalse: number
  readonly value: number
}

const LOAD_WORD = 0x20
const JUMP_IF_EQUAL = 0x15
const JUMP_IF_SET = 0x45
const RETURN = 0x06
/** Offsets in struct seccomp_data. */
const NUMBER = 0
const ARCHITECTURE = 4
const FIRST_ARGUMENT = 16
const ALLOW = 0x7fff_0000
const KILL = 0x8000_0000
const ERRNO = 0x0005_0000
const EPERM = 1
const ENOSYS = 38
const CLONE_THREAD = 0x0001_0000

const load = (offset: number): Instruction => ({ code: LOAD_WORD, ifTrue: 0, ifFalse: 0, value: offset })
const give = (value: number): Instruction => ({ code: RETURN, ifTrue: 0, ifFalse: 0, value })
const when = (number: number, value: number): Instruction[] => [
  { code: JUMP_IF_EQUAL, ifTrue: 0, ifFalse: 1, value: number },
  give(value),
]

export interface SeccompOptions {
  readonly onForbidden: OnForbidden
  readonly arch?: string
  /** Calls to leave out, for the test that finds superfluous ones. */
  readonly without?: readonly string[]
}

/** The filter: only the listed calls; `clone` only for threads, so that a host can have no child; the rest is refused. */
export function assembleSeccomp({ onForbidden, arch = process.arch, without = [] }: SeccompOptions): Buffer {
  const machine = MACHINES[arch]
  if (machine === undefined)
    throw new SandboxError(
      'SANDBOX_UNAVAILABLE',
      `There is no table of system calls for ${arch}; run the isolate host on x64 or arm64.`,
    )
  const { audit, clone, allowed, absent } = machine
  const forbidden = onForbidden === 'kill' ? KILL : ERRNO | EPERM
  const program = [
    load(ARCHITECTURE),
    { code: JUMP_IF_EQUAL, ifTrue: 1, ifFalse: 0, value: audit },
    give(KILL),
    load(NUMBER),
    ...[...absent.values()].flatMap(number => when(number, ERRNO | ENOSYS)),
    { code: JUMP_IF_EQUAL, ifTrue: 0, ifFalse: 4, value: clone },
    load(FIRST_ARGUMENT),
    { code: JUMP_IF_SET, ifTrue: 0, ifFalse: 1, value: CLONE_THREAD },
    give(ALLOW),
    give(forbidden),
    ...[...allowed].flatMap(([name, number]) => (without.includes(name) ? [] : when(number, ALLOW))),
    give(forbidden),
  ]
  const bytes = Buffer.alloc(program.length * 8)
  for (const [index, { code, ifTrue, ifFalse, value }] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8)
    bytes.writeUInt8(ifTrue, index * 8 + 2)
    bytes.writeUInt8(ifFalse, index * 8 + 3)
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4)
  }
  return bytes
}
