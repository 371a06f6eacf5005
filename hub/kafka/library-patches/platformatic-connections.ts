// One fault of one library is borne here: a connection that is closed while it logs in reports its error when nobody listens any more,
// which would end the process. Whoever asked for the connection has been told by then.
import { instancesChannel } from '@platformatic/kafka'

let borne = false

interface Created {
  readonly type: string
  readonly instance: { on(event: 'error', listener: () => void): void }
}

/** Gives every connection made from now on a listener for errors. Harmless when called twice. */
export const bearConnectionErrors = (): void => {
  if (borne) return
  borne = true
  instancesChannel.subscribe(created => {
    const { type, instance } = created as Created
    if (type === 'connection') instance.on('error', () => undefined)
  })
}
