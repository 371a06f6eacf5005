// The seccomp filter, run by a small interpreter of classic BPF.
import { assert, integer, pre, property } from 'fast-check'
import { expect, test } from 'vitest'
import { MACHINES } from './allowed-system-calls.ts'
import { assembleSeccomp } from './seccomp-filter.ts'

const ALLOW = 0x7fff_0000
const KILL = 0x8000_0000
const EPERM = 0x0005_0001
const ENOSYS = 0x0005_0026
const X64 = 0xc000_003e

interface Call {
  readonly number: number
  readonly audit?: number
  readonly firstArgument?: number
}

/** What the filter says about a call. */
function ask(program: Buffer, { number, audit = X64, firstArgument = 0 }: Call): number {
  const words: Record<number, number> = { 0: number, 4: audit, 16: firstArgument }
  let accumulator = 0
  for (let at = 0; at < program.length / 8; at++) {
    const code = program.readUInt16LE(at * 8)
    const value = program.readUInt32LE(at * 8 + 4)
    const jump = (condition: boolean): void => {
      at += program.readUInt8(at * 8 + (condition ? 2 : 3))
    }
    if (code === 0x20) accumulator = words[value] ?? 0
    else if (code === 0x15) jump(accumulator === value)
    else if (code === 0x45) jump((accumulator & value) !== 0)
    else if (code === 0x06) return value
  }
  throw new Error('the filter ends without an answer')
}

const production = assembleSeccomp({ onForbidden: 'errno', arch: 'x64' })
const strict = assembleSeccomp({ onForbidden: 'kill', arch: 'x64' })
const allowed = MACHINES['x64']?.allowed ?? new Map<string, number>()

test('each listed call is allowed', () => {
  for (const number of allowed.values()) expect(ask(production, { number })).toBe(ALLOW)
})

test('every other call is refused in production and ends the process in tests', () => {
  const special = new Set([...allowed.values(), ...(MACHINES['x64']?.absent.values() ?? []), MACHINES['x64']?.clone])
  assert(
    property(integer({ min: 0, max: 1000 }), number => {
      pre(!special.has(number))
      expect(ask(production, { number })).toBe(EPERM)
      expect(ask(strict, { number })).toBe(KILL)
    }),
  )
})

test('sockets, processes, signals to others, tracing, mounts and modules are not on the list', () => {
  const names = [
    'socket',
    'connect',
    'bind',
    'fork',
    'vfork',
    'kill',
    'tkill',
    'ptrace',
    'process_vm_readv',
    'mount',
    'unshare',
    'setns',
    'bpf',
    'memfd_create',
    'chmod',
    'fchmod',
    'ftruncate',
    'userfaultfd',
    'perf_event_open',
  ]
  for (const name of names) expect(allowed.has(name)).toBe(false)
})

test('clone makes threads and nothing else', () => {
  expect(ask(production, { number: 56, firstArgument: 0x3d0f00 })).toBe(ALLOW)
  expect(ask(production, { number: 56, firstArgument: 17 })).toBe(EPERM)
})

test('calls that cannot be filtered by their arguments look absent', () => {
  for (const number of MACHINES['x64']?.absent.values() ?? []) expect(ask(strict, { number })).toBe(ENOSYS)
})

test('calls of another architecture end the process', () => {
  expect(ask(production, { number: 1, audit: 0x4000_0003 })).toBe(KILL)
  expect(ask(production, { number: 0x4000_0001 })).toBe(EPERM)
})

test('a machine without a table is refused with what to do', () => {
  expect(() => assembleSeccomp({ onForbidden: 'errno', arch: 'mips' })).toThrow(/x64 or arm64/)
})
