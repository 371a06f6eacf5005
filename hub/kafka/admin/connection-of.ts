// Connections for requests that the library encodes but has no method for.
import { type Admin, type Connection, kGetBootstrapConnection, kGetConnection } from '@platformatic/kafka'

type Take = (error: Error | null, connection?: Connection) => void

const asPromise = (get: (take: Take) => void): Promise<Connection> =>
  new Promise((resolve, reject) => {
    get((error, connection) => {
      if (connection === undefined) reject(error ?? new TypeError('The Kafka client has no connection'))
      else resolve(connection)
    })
  })

/** To whichever broker answers. */
export const connectionOf = (admin: Admin): Promise<Connection> =>
  asPromise(take => admin[kGetBootstrapConnection](take))

/** To this one. */
export const connectionTo = (
  admin: Admin,
  broker: { readonly host: string; readonly port: number },
): Promise<Connection> => asPromise(take => admin[kGetConnection](broker, take))
