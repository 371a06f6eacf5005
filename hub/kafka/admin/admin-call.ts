// What every call of the administration gets: the one connection, in its turn, and failures in the hub's own codes.
import { type Admin } from '@platformatic/kafka'

/** Runs one call in its turn; a failure becomes a HubError that begins with `what`. */
export type AdminCall = <T>(what: string, call: (admin: Admin) => Promise<T>) => Promise<T>
