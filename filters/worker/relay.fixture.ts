// A relay between a worker and its broker that falls silent like a machine whose cable is pulled, and understands just enough of Kafka's protocol to lose an answer,
// or a request, of one kind.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Kafka's API key of EndTxn: the request that commits a transaction. */
export const END_TXN = 26
const PRODUCE = 0

export interface Relay {
  /**
   * The next request of this kind is passed on and its answer never arrives (`answer`), or it is lost itself (`request`); the connection then ends.
   * With `written`, it is the next one after a request that writes records with all of these texts.
   */
  lose(apiKey: number, what: 'answer' | 'request', written?: readonly string[]): void
  /** From now on nothing passes on the connections that are open, or on later ones either, and nobody is told: they stay open without an answer. */
  silence(what: 'those that are open' | 'all'): void
  /** Requests that were lost so far, with or without effect. */
  readonly lost: number
  close(): Promise<void>
}

/** Listens on `from` and passes on to `to`, both on loopback. */
export async function openRelay(from: number, to: number): Promise<Relay> {
  let armed: { readonly apiKey: number; readonly what: 'answer' | 'request'; written: readonly string[] } | undefined
  let lost = 0
  let opened = 0
  /** Connections up to this number are silent. */
  let silent = 0
  const sockets = new Set<Socket>()

  const server = createServer(client => {
    const number = ++opened
    const isSilent = (): boolean => number <= silent
    if (isSilent()) {
      sockets.add(client)
      client.on('error', () => undefined).on('close', () => sockets.delete(client))
      return
    }
    const broker = connect(to, '127.0.0.1')
    let muted = false
    let rest = Buffer.alloc(0)
    for (const socket of [client, broker]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        if (isSilent()) return
        client.destroy()
        broker.destroy()
      })
    }
    broker.on('data', chunk => {
      if (isSilent()) return
      if (muted) client.destroy()
      else client.write(chunk)
    })
    client.on('data', chunk => {
      if (isSilent()) return
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 6 && rest.length >= 4 + rest.readInt32BE(0)) {
        const frame = rest.subarray(0, 4 + rest.readInt32BE(0))
        rest = rest.subarray(frame.length)
        const kind = frame.readInt16BE(4)
        if (armed !== undefined && kind === PRODUCE && armed.written.every(text => frame.includes(text)))
          armed.written = []
        if (armed !== undefined && kind === armed.apiKey && armed.written.length === 0) {
          const { what } = armed
          armed = undefined
          lost++
          if (what === 'request') {
            client.destroy()
            return
          }
          muted = true
        }
        broker.write(frame)
      }
    })
  })
  server.listen(from, '127.0.0.1')
  await once(server, 'listening')
  return {
    lose: (apiKey, what, written = []) => (armed = { apiKey, what, written }),
    silence: what => (silent = what === 'all' ? Infinity : opened),
    get lost() {
      return lost
    },
    close: async () => {
      if (!server.listening) return
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
