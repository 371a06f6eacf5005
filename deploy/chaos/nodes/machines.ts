// The machines of a run of nodes: a hub alone on one, each node on one of its own, and a place outside from which the operator and the subscribers work.
// All of them are network namespaces of this machine.
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ADMIN_USER, type BrokerAccess, brokerFiles } from '#hub'
import { type Host, openHosts } from '../../checks/hosts.ts'
import { CLI, operatorEnv, runOn } from '../../checks/run-on.ts'
import { runLauncher, untilSaid } from '../../e2e/running-system.ts'
import { parseConfig } from '../../processes/read-config.ts'
import { REGISTRY_WRITER } from '../../start/layout/kafka-users.ts'
import { nodeDir } from '../../start/layout/node-layout.ts'
import { NodeSecretsFile } from '../../start/layout/node-secrets.ts'
import { hubPorts, LOOPBACK, lonePorts, outsidePort } from '../../start/layout/ports.ts'
import { SecretsFile } from '../../start/layout/secrets.ts'

export interface NodeMachine {
  readonly name: string
  /** Pulls its cable, both ways. */
  readonly cut: () => void
  readonly mend: () => void
  /** Ctrl-C. */
  readonly stop: () => Promise<void>
  /** The administrator of its broker, as seen from outside. */
  readonly admin: BrokerAccess
  /** Where its broker keeps its log. */
  readonly data: string
}

export interface Machines {
  /** The hub as its own machine sees it: in plain text, and with everything its launcher knows. */
  readonly hub: { readonly on: Host['on']; readonly access: BrokerAccess; readonly registryWriteUrl: string }
  /** The hub as others see it. */
  readonly apiUrl: string
  readonly ca: string
  readonly caFile: string
  readonly admin: BrokerAccess
  readonly on: Host['on']
  /** What the administrator types outside; its JSON. */
  readonly skysieve: <T>(...argv: readonly string[]) => Promise<T>
  /** Adds a node and starts it on a machine of its own; resolves when that is ready. */
  readonly join: (name: string) => Promise<NodeMachine>
  readonly close: () => Promise<void>
}

export interface MachinesOptions {
  readonly dir: string
  /** Times of a filter's move. */
  readonly moves: { readonly finishMinutes: number; readonly lateMinutes: number }
  readonly env: NodeJS.ProcessEnv
}

/** Each machine has all ports to itself. */
const PORT_BASE = 21_000

/** Starts a program of this Node on a machine. */
export const startOn = (
  on: Host['on'],
  program: string,
  argv: readonly string[],
  options: SpawnOptions,
): ChildProcess => {
  const { command, args } = on(process.execPath, [program, ...argv])
  return spawn(command, args, options)
}

/** Starts the hub. Throws where the machine allows no namespaces, or with what the launcher said; nothing is left running. */
export const openMachines = async ({ dir, moves, env }: MachinesOptions): Promise<Machines> => {
  const hosts = openHosts()
  const stops: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    // Nodes first: they say goodbye to the hub.
    for (const stop of stops.toReversed()) await stop()
    hosts.close()
  }
  const start = async (
    host: Host,
    dataDir: string,
    argv: readonly string[],
    said: string,
  ): Promise<() => Promise<void>> => {
    const launcher = runLauncher(
      ['start', '--data-dir', dataDir, '--listen', host.address, '--no-python', ...argv],
      host.on,
    )
    const stop = async (): Promise<void> => {
      launcher.child.kill('SIGINT')
      await launcher.ended
    }
    stops.push(stop)
    await untilSaid(launcher, said)
    return stop
  }
  try {
    const hub = hosts.add('hub')
    const hubDir = join(dir, 'hub')
    mkdirSync(hubDir, { recursive: true, mode: 0o700 })
    writeFileSync(join(hubDir, 'skysieve.json'), JSON.stringify({ moves }))
    await start(hub, hubDir, ['--nodes', '0', '--no-simulator', '--no-archive'], 'Skysieve runs')
    const secretsFile = join(hubDir, 'secrets.json')
    const { users } = parseConfig(SecretsFile, secretsFile, readFileSync(secretsFile, 'utf8'))
    const [user, password, ports] = [ADMIN_USER, users[ADMIN_USER] ?? '', hubPorts(PORT_BASE)]
    const apiUrl = `https://${hub.address}:${outsidePort(ports.api)}`
    const caFile = join(hubDir, 'tls/ca.pem')
    const ca = readFileSync(caFile, 'utf8')
    const operator = operatorEnv(env, { apiUrl, dataDir: hubDir, config: join(dir, 'operator') })
    const skysieve = async <T>(...argv: readonly string[]): Promise<T> =>
      JSON.parse(await runOn(hosts.outside.on, CLI, [...argv, '--json'], { env: operator, cwd: dir })) as T

    const joinNode = async (name: string): Promise<NodeMachine> => {
      const [token, dataDir] = [join(dir, `${name}.token`), join(dir, name)]
      await skysieve('node', 'add', name, '--token-file', token)
      const host = hosts.add(name)
      const joining = ['--join', apiUrl, '--token-file', token]
      const stop = await start(host, dataDir, joining, `Skysieve runs: ${name} is ready`)
      const own = nodeDir(dataDir, 'node')
      const file = join(own, 'secrets.json')
      const secrets = parseConfig(NodeSecretsFile, file, readFileSync(file, 'utf8'))
      return {
        name,
        cut: host.cut,
        mend: host.mend,
        stop: async () => {
          stops.splice(stops.indexOf(stop), 1)
          await stop()
        },
        admin: {
          bootstrap: `${host.address}:${outsidePort(lonePorts(PORT_BASE).broker)}`,
          user,
          password: secrets.admin,
          ca,
        },
        data: brokerFiles(own).data,
      }
    }
    return {
      hub: {
        on: hub.on,
        access: { bootstrap: `${LOOPBACK}:${ports.broker}`, user, password },
        registryWriteUrl: `http://${REGISTRY_WRITER}:${users[REGISTRY_WRITER] ?? ''}@${LOOPBACK}:${ports.registry}`,
      },
      apiUrl,
      ca,
      caFile,
      admin: { bootstrap: `${hub.address}:${outsidePort(ports.broker)}`, user, password, ca },
      on: hosts.outside.on,
      skysieve,
      join: joinNode,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
