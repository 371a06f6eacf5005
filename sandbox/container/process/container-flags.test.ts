import { expect, test } from 'vitest'
import { ALLOWED, CONDITIONS } from './allowed-system-calls.ts'
import { containerFlags } from './container-flags.ts'
import { SECCOMP_PROFILE } from './seccomp-profile.ts'

const flags = containerFlags({ image: 'i', labels: {}, guest: '/g', ring: '/r', memoryMb: 32 })

test('a container has no network, no capability, no writable root and its own seccomp profile', () => {
  expect(flags.HostConfig).toMatchObject({
    NetworkMode: 'none',
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    IpcMode: 'none',
  })
  expect(flags.HostConfig?.SecurityOpt).toEqual(['no-new-privileges', `seccomp=${SECCOMP_PROFILE}`])
  expect(flags.HostConfig?.Binds?.every(bind => bind.endsWith(':ro'))).toBe(true)
  expect(flags.User).toBe('65534:65534')
  expect(flags.HostConfig?.Memory).toBe(flags.HostConfig?.MemorySwap)
})

test('the profile allows each call once and none that opens a way out', () => {
  const names = [...ALLOWED, ...CONDITIONS.map(({ name }) => name)]
  expect(new Set(names).size).toBe(names.length)
  const ways = [
    'socket',
    'connect',
    'ptrace',
    'mount',
    'unshare',
    'setns',
    'bpf',
    'io_uring_setup',
    'process_vm_readv',
    'keyctl',
    'userfaultfd',
    'perf_event_open',
  ]
  expect(names.filter(name => ways.includes(name))).toEqual([])
})
