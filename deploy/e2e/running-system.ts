// A whole system for the end-to-end tests: the launcher as a user runs it, with a data directory and ports of its own.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Static } from 'typebox'
import { ADMIN_USER, type BrokerAccess } from '#hub'
import { type Host } from '../checks/hosts.ts'
import { parseConfig } from '../processes/read-config.ts'
import { ROOT } from '../paths.ts'
import { freeBase, hubPorts, LOOPBACK, nodePorts } from '../start/layout/ports.ts'
import { nodeDir } from '../start/layout/node-layout.ts'
import { NodeSecretsFile } from '../start/layout/node-secrets.ts'
import { SecretsFile, type Secrets } from '../start/layout/secrets.ts'

/** 0.4 of a core takes four minutes. */
const START_LIMIT_MS = 1_800_000
const LOWEST_BASE = 22_000

export interface RunningSystem {
  readonly dataDir: string
  readonly portBase: number
  readonly apiUrl: string
  readonly registryUrl: string
  readonly secrets: Secrets
  readonly launcher: ChildProcess
  /** From the command to "Skysieve runs". */
  readonly startedInMs: number
  /** Everything the launcher has printed. */
  readonly output: () => string
  /** As the administrator. */
  readonly hub: BrokerAccess
  readonly node: (index: number) => BrokerAccess
  /** Ctrl-C; resolves to the exit code when the launcher has ended. */
  readonly stop: () => Promise<number | null>
}

/** A base whose ports are free, away from a system on the default ones, and below those that Linux gives to outgoing connections. */
export const freePortBase = async (nodes: number): Promise<number> => {
  const base = await freeBase(LOWEST_BASE, nodes)
  if (base === undefined) throw new Error(`no free ports from ${LOWEST_BASE} on; end what runs there`)
  return base
}

/** As on this machine. */
const here: Host['on'] = (command, args) => ({ command, args })

/** Runs `skysieve …` and keeps what it prints; on another machine by `on`. */
export const runLauncher = (argv: readonly string[], on: Host['on'] = here) => {
  const { command, args } = on(process.execPath, [join(ROOT, 'deploy/bin/skysieve.mjs'), ...argv])
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
  return { child, ended, output: () => output }
}

/** Waits until a launcher says so; ends it and throws with its output when it does not. */
export const untilSaid = async (
  { child, ended, output }: ReturnType<typeof runLauncher>,
  what: string,
): Promise<void> => {
  const began = performance.now()
  let over = false
  void ended.then(() => (over = true))
  while (!output().includes(what)) {
    if (over || performance.now() - began > START_LIMIT_MS) {
      child.kill('SIGTERM')
      await ended
      throw new Error(`“${what}” was not said:\n${output()}`)
    }
    await sleep(50)
  }
}

/** Starts a system and waits until it runs; throws with its output when it does not. */
export const startSystem = async (
  dataDir: string,
  portBase: number,
  options: readonly string[],
): Promise<RunningSystem> => {
  const began = performance.now()
  const argv = ['start', '--data-dir', dataDir, '--port-base', String(portBase), ...options]
  const launcher = runLauncher(argv)
  const { child, ended, output } = launcher
  await untilSaid(launcher, 'Skysieve runs')
  const secretsIn = <S extends typeof SecretsFile | typeof NodeSecretsFile>(dir: string, schema: S): Static<S> => {
    const file = join(dir, 'secrets.json')
    return parseConfig(schema, file, readFileSync(file, 'utf8'))
  }
  const secrets = secretsIn(dataDir, SecretsFile)
  const access = (port: number, password: string): BrokerAccess => ({
    bootstrap: `${LOOPBACK}:${port}`,
    user: ADMIN_USER,
    password,
  })
  return {
    dataDir,
    portBase,
    apiUrl: `http://${LOOPBACK}:${hubPorts(portBase).api}`,
    registryUrl: `http://${LOOPBACK}:${hubPorts(portBase).registry}`,
    secrets,
    launcher: child,
    startedInMs: performance.now() - began,
    output,
    hub: access(hubPorts(portBase).broker, secrets.users[ADMIN_USER] ?? ''),
    node: index => {
      const { admin } = secretsIn(nodeDir(dataDir, `node${index}`), NodeSecretsFile)
      return access(nodePorts(portBase, index).broker, admin)
    },
    stop: () => {
      child.kill('SIGINT')
      return ended
    },
  }
}
