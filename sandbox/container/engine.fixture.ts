// A Docker engine for tests: a process of their own on a private socket, with the Python image kept in the repository's cache.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { openEngine } from './engine.ts'
import { type ContainerSandbox, openContainerSandbox } from './open-container-sandbox.ts'
import { type ContainerSandboxOptions } from './options.ts'

const CACHE = resolve(import.meta.dirname, '../../.cache')
const START_MS = 30_000
const PROGRAM = ['/usr/sbin/dockerd', '/usr/bin/dockerd'].find(existsSync)

export interface Engine {
  readonly socket: string
  readonly dir: string
  /** As after a crash: at once, its containers left as they are. */
  kill(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

/** Starts one that has no network. It needs root and dockerd: apt-get install docker.io */
export async function startEngine(): Promise<Engine> {
  if (PROGRAM === undefined || process.getuid?.() !== 0)
    throw new Error(
      'these tests start a Docker engine: run them as root, with dockerd installed (apt-get install docker.io)',
    )
  const program = PROGRAM
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-engine-'))
  const socket = join(dir, 'docker.sock')
  const log = join(dir, 'dockerd.log')
  let child: ChildProcess | undefined

  const start = async (): Promise<void> => {
    const places = { 'data-root': 'data', 'exec-root': 'exec', pidfile: 'docker.pid' }
    const out = openSync(log, 'a')
    child = spawn(
      program,
      [
        ...['--host', `unix://${socket}`, '--bridge=none', '--iptables=false', '--ip-masq=false'],
        ...Object.entries(places).map(([name, place]) => `--${name}=${join(dir, place)}`),
      ],
      { stdio: ['ignore', out, out] },
    )
    const docker = openEngine(socket)
    for (const end = Date.now() + START_MS; ;) {
      const answers = await docker.ping().then(
        () => true,
        () => false,
      )
      if (answers) return
      if (child.exitCode !== null || Date.now() > end)
        throw new Error(`the Docker engine did not start: ${readFileSync(log, 'utf8').slice(-2000)}`)
      await sleep(50)
    }
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  mkdirSync(dir, { recursive: true })
  await start()
  return {
    socket,
    dir,
    start,
    kill: async () => {
      await end('SIGKILL')
      // Its own child goes with it in a crash of the machine; here it would hold the new one's start up.
      const containerd = join(dir, 'exec/containerd/containerd.pid')
      if (existsSync(containerd)) endProcess(Number(readFileSync(containerd, 'utf8')))
    },
    async close(): Promise<void> {
      await end('SIGTERM')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

/** A sandbox on it. */
export const openTestSandbox = (
  engine: Engine,
  over: Partial<ContainerSandboxOptions> = {},
): Promise<ContainerSandbox> =>
  openContainerSandbox({
    engine: engine.socket,
    dir: mkdtempSync(join(engine.dir, 'sandbox-')),
    label: 'test',
    logger: pino({ level: 'silent' }),
    imageCache: CACHE,
    ...over,
  })
