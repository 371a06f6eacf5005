// What an isolate host's container is allowed: what bubblewrap allows, and what runc needs.
import { expect, test } from 'vitest'
import { MACHINES } from './allowed-system-calls.ts'
import { hostFlags, hostSeccompProfile } from './host-container-flags.ts'

interface Rule {
  readonly names: readonly string[]
  readonly action: string
  readonly args?: readonly unknown[]
}

const { defaultAction, syscalls } = JSON.parse(hostSeccompProfile()) as { defaultAction: string; syscalls: Rule[] }
const allowed = new Set(
  syscalls.filter(({ action, args }) => action === 'SCMP_ACT_ALLOW' && !args).flatMap(({ names }) => names),
)

test('every call of the host’s own list is allowed, and beyond it only how runc ends', () => {
  const own = new Set(Object.values(MACHINES).flatMap(machine => [...machine.allowed.keys()]))
  expect([...own].filter(name => !allowed.has(name))).toEqual([])
  const beyond = [...allowed].filter(name => !own.has(name)).toSorted()
  expect(beyond.join(' ')).toBe(
    'capset chdir close_range fchdir fstatfs setgid setgroups setresgid setresuid setuid statfs umask',
  )
  expect(defaultAction).toBe('SCMP_ACT_ERRNO')
})

test('clone makes threads and nothing else', () => {
  const [rule] = syscalls.filter(({ names }) => names.includes('clone'))
  expect(rule?.args).toEqual([{ index: 0, value: 0x10000, valueTwo: 0x10000, op: 'SCMP_CMP_MASKED_EQ' }])
})

test('nothing is writable but the intent record', () => {
  const plan = { image: 'i', labels: {}, nodeFlags: [], entry: 'main.mjs', ring: '/r', intent: '/n', memoryMb: 512 }
  const { HostConfig } = hostFlags({ ...plan, processors: 2, givesWay: true })
  expect(HostConfig?.ReadonlyRootfs).toBe(true)
  expect(HostConfig?.Tmpfs).toBeUndefined()
  expect(HostConfig?.Binds?.filter(bind => !bind.endsWith(':ro'))).toEqual(['/n:/intent:rw'])
})
