// The ring and the intent record: inherited as descriptors, or opened by name where a host cannot inherit any; its command line then names them.
import { constants, openSync } from 'node:fs'
import { HostFd } from '../../protocol/wire.ts'

const [ring, intent] = process.argv.slice(2)

export const ringFd = ring === undefined ? HostFd.ring : openSync(ring, constants.O_RDONLY)
export const intentFd = intent === undefined ? HostFd.intent : openSync(intent, constants.O_WRONLY)
