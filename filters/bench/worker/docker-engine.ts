// A Docker engine for the benches: the same process that a started system has, in a folder of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const ROOT = resolve(import.meta.dirname, '../../..')
const MAIN = join(ROOT, 'deploy/processes/engine/main.ts')
const POLL_MS = 100
/** The first time its image may have to be put together. */
const START_LIMIT_MS = 120_000

export interface BenchDocker {
  readonly socket: string
  close(): Promise<void>
}

/** Starts one whose process tells of itself at `opsPort`; needs root and dockerd. Its sockets have long names, so its folder lies in /tmp. */
export async function startBenchDocker(opsPort: number): Promise<BenchDocker> {
  const dir = await mkdtemp('/tmp/sky-bench-')
  const [socket, config] = [join(dir, 'engine/docker.sock'), join(dir, 'engine.json')]
  await mkdir(join(dir, 'engine'))
  const settings = {
    dir: join(dir, 'engine'),
    label: 'bench',
    cacheDir: join(ROOT, '.cache'),
    opsPort,
    logLevel: 'warn',
  }
  await writeFile(config, JSON.stringify(settings), { mode: 0o600 })
  const child = spawn(process.execPath, [MAIN, '--config', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  const said: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    }
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  }
  for (const endMs = Date.now() + START_LIMIT_MS; !existsSync(socket); await sleep(POLL_MS))
    if (child.exitCode !== null || Date.now() > endMs) {
      await close()
      throw new Error(`The Docker engine did not start (root and dockerd are needed): ${said.join('').slice(-1000)}`)
    }
  return { socket, close }
}
