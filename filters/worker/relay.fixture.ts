// A relay between a worker and its broker that understands just enough of Kafka's protocol to lose an answer, or a request, of one kind.
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
  /** Requests that were lost so far, with or without effect. */
  readonly lost: number
  close(): Promise<void>
}

/** Listens on `from` and passes on to `to`, both on loopback. */
export async function openRelay(from: number, to: number): Promise<Relay> {
  let armed: { readonly apiKey: number; readonly what: 'answer' | 'request'; written: readonly string[] } | undefined
  let lost = 0
  const sockets = new Set<Socket>()

  const server = createServer(client => {
    const broker = connect(to, '127.0.0.1')
    let muted = false
    let rest = Buffer.alloc(0)
    for (const socket of [client, broker]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        broker.destroy()
      })
    }
    broker.on('data', chunk => {
      if (muted) client.destroy()
      else client.write(chunk)
    })
    client.on('data', chunk => {
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
    get lost() {
      return lost
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
