// How other machines reach this one, if they do: the address it listens at, and the name it is called by. Pure.
import { isIP, isIPv6 } from 'node:net'
import { type OutsideListener, type Tls } from '#hub'
import { DeployError } from '../../errors.ts'
import { LOOPBACK, outsidePort } from './ports.ts'

export interface Reach {
  /** An address of this machine, or all of them (0.0.0.0, ::). */
  readonly listen: string
  /** A name or an address. */
  readonly advertise: string
}

/** All addresses of a machine. */
export const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/

/** Undefined for a machine that listens on loopback alone. Throws DeployError DEPLOY_OPTION. */
export const reachOf = ({
  listen,
  advertise,
}: {
  readonly listen?: string | undefined
  readonly advertise?: string | undefined
}): Reach | undefined => {
  const refuse = (why: string): never => {
    throw new DeployError('DEPLOY_OPTION', why)
  }
  if (listen === undefined)
    return advertise === undefined ? undefined : refuse('--advertise HOST is for --listen ADDRESS.')
  if (isIP(listen) === 0) return refuse(`--listen ${listen}: give an IP address of this machine, or 0.0.0.0 for all.`)
  if (advertise === undefined)
    return EVERYWHERE.has(listen)
      ? refuse(`--listen ${listen} needs --advertise HOST, the name or address by which other machines reach this one.`)
      : { listen, advertise: listen }
  if (isIP(advertise) === 0 && !NAME.test(advertise))
    return refuse(`--advertise ${advertise}: give a host name or an IP address, without a port.`)
  return { listen, advertise }
}

const bracketed = (host: string): string => (isIPv6(host) ? `[${host}]` : host)

/** `host:port` as clients write it. */
export const hostPort = (host: string, port: number): string => `${bracketed(host)}:${port}`

/** The listener of a broker for other machines, beside the one on loopback. */
export const outsideListener = ({ listen, advertise }: Reach, port: number, tls: Tls): OutsideListener => ({
  port: outsidePort(port),
  host: listen,
  advertised: hostPort(advertise, outsidePort(port)),
  tls,
})

/** Names and addresses that the certificate of a machine's servers is for. */
export const namesOf = (reach: Reach | undefined): readonly string[] => {
  const own = [LOOPBACK, 'localhost']
  if (reach === undefined) return own
  const { listen, advertise } = reach
  return [...new Set([advertise, ...(EVERYWHERE.has(listen) ? [] : [listen]), ...own])]
}
