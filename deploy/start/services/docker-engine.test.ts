import { expect, test } from 'vitest'
import { withinReach } from './docker-engine.ts'

test('a directory too long for sockets does without an engine of its own, and says why; another engine is not affected', () => {
  const own = { kind: 'own', program: '/usr/sbin/dockerd' } as const
  const long = `/${'x'.repeat(80)}/engine`
  expect(withinReach(own, '/data/.skysieve/engine')).toBe(own)
  expect(withinReach(own, long)).toMatchObject({ kind: 'none', why: expect.stringContaining('--data-dir') })
  const machine = { kind: 'machine', socket: '/var/run/docker.sock' } as const
  expect(withinReach(machine, long)).toBe(machine)
})
