// The port on which a broker talks to itself: another one with each start, while the last ones are held open in silence until it serves.
//
// Kafka 4.3.1 takes a partition without a leader for a deleted one when it looks for where a transaction's marker goes (KRaftMetadataCache.getPartitionLeaderEndpoint
// gives nothing where it once gave Node.noNode), and calls the transaction complete: its records stay open for ever, and no read_committed reader gets past them.
// A broker that was killed while it ended transactions comes to that: the log of the cluster still has its old port; a port that refuses is asked again every 50 ms;
// and when the broker is registered anew, its partitions have no leader for a moment. A port that accepts and says nothing is not asked again before that is over.
import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { HubError } from '../errors.ts'
import { LOOPBACK } from './settings.ts'
import { writeAtomically } from './atomic-write.ts'

/** Below the ports that systems give to connections. */
const [FIRST, LAST] = [10_000, 20_000] as const
const TRIES = 50
/** Of starts: one that was cut off may have been registered or not. */
const KEPT = 4

interface Held {
  readonly server: Server
  readonly sockets: Set<Socket>
}
const held = new Map<string, Held[]>()

/** Listens and says nothing; undefined where the port is taken. Keeps no process alive. */
const hold = (port: number): Promise<Held | undefined> => {
  const { promise, resolve } = Promise.withResolvers<Held | undefined>()
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket.unref())
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket))
  })
  server.once('error', () => resolve(undefined))
  server.listen(port, LOOPBACK, () => resolve({ server, sockets }))
  server.unref()
  return promise
}

const close = ({ server, sockets }: Held): Promise<void> =>
  new Promise(resolve => {
    server.close(() => resolve())
    for (const socket of sockets) socket.destroy()
  })

/** The broker serves: who waits on its old ports asks for the new one now. `file` as in `internalPort`. */
export const releaseOldPorts = async (file: string): Promise<void> => {
  const mine = held.get(file) ?? []
  held.delete(file)
  await Promise.all(mine.map(close))
}

/** A free port for the next start, which `file` names from now on, and holds the ones it named before. Throws HubError HUB_BROKER_PORT where none is free. */
export const internalPort = async (file: string): Promise<number> => {
  await releaseOldPorts(file)
  const text = await readFile(file, 'utf8').catch(() => '')
  const old = text.split('\n').flatMap(line => (/^\d+$/.test(line) ? Number(line) : []))
  held.set(
    file,
    (await Promise.all(old.map(hold))).flatMap(one => one ?? []),
  )
  for (let tried = 0; tried < TRIES; tried++) {
    const port = randomInt(FIRST, LAST)
    const trial = old.includes(port) ? undefined : await hold(port)
    if (trial === undefined) continue
    await close(trial)
    await writeAtomically(file, [port, ...old].slice(0, KEPT).join('\n'))
    return port
  }
  throw new HubError('HUB_BROKER_PORT', `No port from ${FIRST} to ${LAST} is free on ${LOOPBACK}; a broker needs one`)
}
