// A Docker engine for tests: a process of their own on a private socket, with the Python image kept in the repository's cache.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { openEngine } from '../engine/docker-engine.ts'
import { ensureImage } from '../image/python/ensure-image.ts'
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
        `--host=unix://${socket}`,
        '--bridge=none',
        '--iptables=false',
        '--ip-masq=false',
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
  await start()
  await ensureImage(openEngine(socket), CACHE)
  return {
    socket,
    dir,
    start,
    async kill(): Promise<void> {
      await end('SIGKILL')
      // Its containerd dies with it, but nobody may be there to take note, and then the next one would wait for it.
      rmSync(join(dir, 'exec/containerd/containerd.pid'), { force: true })
    },
    async close(): Promise<void> {
      await end('SIGTERM')
      endLeftovers(dir)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Processes and mounts of an engine that did not end well: all of them carry its directory in their command or place. */
function endLeftovers(dir: string): void {
  for (const name of readdirSync('/proc').filter(each => /^\d+$/.test(each) && Number(each) !== process.pid)) {
    try {
      if (readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(dir)) process.kill(Number(name), 'SIGKILL')
    } catch {
      // Gone already.
    }
  }
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  const points = mounts.map(line => line.split(' ')[1] ?? '').filter(point => point.startsWith(`${dir}/`))
  for (const point of points.toReversed()) execFileSync('umount', ['-l', point])
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
