// What ends with a connection of @platformatic/kafka 2.12.1, in four cases that the library leaves open. Through its public interface only.
import { type Connection, instancesChannel, NetworkError, TimeoutError } from '@platformatic/kafka'

let isPatched = false

const ignore = (): void => undefined

/**
 * For every connection of the process made from now on; harmless when called twice.
 *
 * - A connection that is closed while it logs in reports its error when nobody listens any more, which would end the process. Whoever
 *   asked for it has been told by then.
 * - A login that fails lets its socket wait for the broker, which closes it 100 ms later; the library's pool then drops the connection
 *   made in its place, which nobody closes any more. The socket is closed at once instead.
 * - A connection that the broker closes keeps the timer of its next login, 48 minutes with sessions of an hour, and with it the
 *   process. Closing what is closed does nothing but clear that timer.
 * - After an error of the network the library asks who leads and coordinates now; after a time limit it asks the same broker again, for ever
 *   where that one's machine is unplugged. Both are the same here: whoever does not answer is away.
 */
export const patchConnections = (): void => {
  if (isPatched) return
  isPatched = true
  TimeoutError.code = NetworkError.code
  instancesChannel.subscribe(created => {
    const { type, instance } = created as { readonly type: string; readonly instance: unknown }
    if (type !== 'connection') return
    const connection = instance as Connection
    connection.on('error', () => connection.socket?.destroy())
    connection.on('close', () => connection.close(ignore))
  })
}
