// Hosts that are killed while they start: nothing of them stays, and nobody waits for what does.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { followChild } from './child-process.ts'

// Starting processes takes long on a busy machine; that must not decide a test.
vi.setConfig({ testTimeout: 60_000 })

/** Starts a process that starts another, which holds the same pipes and does not end by itself; it says the other's id. */
const startTwo = async (prefix: string) => {
  const child = spawn('/bin/sh', ['-c', `${prefix} sh -c 'echo $$; exec sleep 600' & wait`], { detached: true })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, other: Number(said.toString()) }
}
const options = { onOutput: () => undefined, niceness: 0 }

const isThere = (pid: number): boolean => {
  try {
    return !/^[ZX]$/.test(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? 'X')
  } catch {
    return false
  }
}

test('what a host has started to set itself up ends with it', async () => {
  const { child, other } = await startTwo('')
  const host = followChild(child, { ...options, leadsGroup: true })
  host.kill()
  await host.ended
  await expect.poll(() => isThere(other)).toBe(false)
})

test('so it does when the host is killed by somebody else', async () => {
  const { child, other } = await startTwo('')
  const host = followChild(child, { ...options, leadsGroup: true })
  process.kill(child.pid ?? 0, 'SIGKILL')
  await host.ended
  await expect.poll(() => isThere(other)).toBe(false)
})

test('a killed host of which something stays is not waited for', async () => {
  const { child, other } = await startTwo('setsid')
  const host = followChild(child, { ...options, leadsGroup: true, killedMs: 100 })
  try {
    host.kill()
    expect((await host.ended).why).toBe('it was killed, but has not ended within 0.1 s')
    expect([child.stdout.destroyed, child.stderr.destroyed]).toEqual([true, true])
  } finally {
    process.kill(other, 'SIGKILL')
  }
})
