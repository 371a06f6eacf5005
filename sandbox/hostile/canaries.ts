// What must stay untouched outside a sandbox (files, network, processes, environment, memory of this process), and whether it did.
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Growth of this process that cannot be explained by its own work on verdicts. */
const MEMORY_SLACK_MB = 400

const readOr = (path: string, otherwise: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}
const linkOr = (path: string): string | undefined => {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

const commandOf = (pid: number): string => readOr(`/proc/${pid}/cmdline`, '').replaceAll('\0', ' ')

/** Processes in the namespaces of isolate hosts besides the host and bubblewrap's init above it; a container may have processes of its own. */
function strangers(hostPids: readonly number[]): string[] {
  const namespaces = new Set(hostPids.flatMap(pid => linkOr(`/proc/${pid}/ns/pid`) ?? []))
  const inside = readdirSync('/proc').flatMap(name => {
    const namespace = /^\d+$/.test(name) ? linkOr(`/proc/${name}/ns/pid`) : undefined
    return namespace !== undefined && namespaces.has(namespace) ? [{ pid: Number(name), namespace }] : []
  })
  return [...Map.groupBy(inside, ({ namespace }) => namespace).values()].flatMap(group => {
    const commands = group.map(({ pid }) => ({ pid, command: commandOf(pid) }))
    if (!commands.some(({ command }) => command.includes('bwrap'))) return []
    return commands.flatMap(({ pid, command }) =>
      hostPids.includes(pid) || command === '' || command.includes('bwrap')
        ? []
        : [`process ${pid}: ${command.slice(0, 80)}`],
    )
  })
}

/** Sets the canaries out. */
export async function openOutside() {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-canary-'))
  const file = join(dir, 'canary')
  writeFileSync(file, 'untouched')
  let connections = 0
  const server: Server = createServer(socket => {
    connections++
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const environment = JSON.stringify(process.env)
  const prototypes = [Object.prototype, Array.prototype, Function.prototype]
  const keys = (): string => prototypes.map(each => Reflect.ownKeys(each).length).join()
  const keysBefore = keys()
  const memoryMb = process.memoryUsage.rss() / 1_048_576

  return {
    port: (server.address() as { port: number }).port,
    file,
    /** One line for each thing that was touched. */
    touched(hostPids: readonly number[]): string[] {
      const grownMb = process.memoryUsage.rss() / 1_048_576 - memoryMb
      return [
        ...(readdirSync(dir).join() !== 'canary' || readFileSync(file, 'utf8') !== 'untouched'
          ? ['the canary file']
          : []),
        ...(existsSync('/tmp/escaped') ? ['/tmp/escaped was written'] : []),
        ...(connections > 0 ? [`${connections} connections to the canary port`] : []),
        ...(JSON.stringify(process.env) === environment ? [] : ['the environment of this process']),
        ...(keys() === keysBefore ? [] : ['the prototypes of this process']),
        ...(grownMb > MEMORY_SLACK_MB ? [`this process grew by ${Math.round(grownMb)} MB`] : []),
        ...strangers(hostPids),
      ]
    },
    close(): void {
      server.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

export type Outside = Awaited<ReturnType<typeof openOutside>>
