// A lock that the kernel gives back when its holder dies, however it dies: flock(1) holds it for as long as our end of its
// standard input is open. Works across containers that share the file, and leaves nothing stale.
import { spawn } from 'node:child_process'

const CONFLICT = 75

export interface HeldLock {
  readonly release: () => Promise<void>
}

/**
 * Takes the lock on `file` (made if missing). With `wait`, waits for its turn; without, resolves to undefined when another
 * process holds it. Throws when flock(1) cannot be run or the file cannot be opened.
 */
export const holdLock = async (file: string, { wait }: { wait: boolean }): Promise<HeldLock | undefined> => {
  const how = wait ? [] : ['--nonblock', '--conflict-exit-code', String(CONFLICT)]
  const child = spawn('flock', [...how, '--no-fork', file, 'sh', '-c', 'echo held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  child.stdin.on('error', () => undefined)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const held = new Promise<true>(resolve => child.stdout.once('data', () => resolve(true)))
  const outcome = await Promise.race([held, ended])
  if (outcome === CONFLICT) return undefined
  if (outcome !== true) throw new Error(`flock ${file} failed: ${complaint.trim()}`)
  return {
    release: async () => {
      child.stdin.end()
      await ended
    },
  }
}
