// A port that is free now.
import { once } from 'node:events'
import { createServer } from 'node:net'

/** On the loopback address. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}
