// What must stay untouched outside a sandbox, and whether it did: files, network, processes, environment, memory of this process.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const NOBODY = 65_534
const IN_A_CONTAINER = /\/docker[/-][0-9a-f]{64}/
/** Growth of this process that cannot be explained by its own work on verdicts. */
const MEMORY_SLACK_MB = 400

/** Processes of the hosts' user that are not among the given ones or their ancestors' children. */
function strangers(known: ReadonlySet<number>): string[] {
  return readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name) || known.has(Number(name))) return []
    try {
      if (statSync(`/proc/${name}`).uid !== NOBODY) return []
      // In somebody's container: of this sandbox or of another on this machine; its removal ends all of them.
      if (IN_A_CONTAINER.test(readFileSync(`/proc/${name}/cgroup`, 'utf8'))) return []
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
      // Hosts that are starting or ending, of this sandbox or of another on this machine.
      return /bwrap|\/app\/node|setpriv|prlimit/.test(command) || command === '' ? [] : [`process ${name}: ${command}`]
    } catch {
      return []
    }
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
        ...strangers(new Set([process.pid, ...hostPids])),
      ]
    },
    close(): void {
      server.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

export type Outside = Awaited<ReturnType<typeof openOutside>>
