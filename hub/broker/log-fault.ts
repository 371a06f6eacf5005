// Reads from a broker's log why it cannot run. Pure.
import { HubError } from '../errors.ts'

const PORT = /failed to bind to (?:\S*\/)?(\S+?): Address already in use|BindException: Address already in use/
const DISK = /No space left on device|all log dirs in .* have failed|Disk error|Read-only file system/
const HEAP = /java\.lang\.OutOfMemoryError|Could not reserve enough space/

/** The fault a line of a broker's log tells of, as an error to show; undefined for any other line. */
export const brokerFault = (name: string, line: string): HubError | undefined => {
  const port = PORT.exec(line)
  if (port !== null)
    return new HubError(
      'HUB_BROKER_PORT',
      `Broker ${name} cannot listen on ${port[1] ?? 'one of its ports'}: another process does. Stop that process or choose another --port-base`,
    )
  if (DISK.test(line))
    return new HubError(
      'HUB_BROKER_DISK',
      `Broker ${name} cannot write its log: ${line.trim()}. Free space on its disk`,
    )
  if (HEAP.test(line))
    return new HubError('HUB_BROKER_EXITED', `Broker ${name} has no memory left: ${line.trim()}. Give it a larger heap`)
  return undefined
}
