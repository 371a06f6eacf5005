// Machines for tests: Linux network namespaces on a bridge of their own, each with its own loopback and one address. Nothing appears in the machine's own
// network. A cable can be pulled: connections then hang, without a reset. Needs root.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { networkInterfaces } from 'node:os'

const MISSING =
  'machines of a test are network namespaces, which need root and `ip` and `nsenter` (Debian: apt-get install iproute2 util-linux)'
const NETWORK = '10.77.0'
const ATTACHED = 2
const FIRST = 10

export interface Host {
  readonly name: string
  readonly address: string
  /** What to run for a program to be on this machine. It ends as any child does: who starts it ends it. */
  readonly on: (
    command: string,
    args: readonly string[],
  ) => { readonly command: string; readonly args: readonly string[] }
  /** Pulls its cable, both ways. */
  readonly cut: () => void
  readonly mend: () => void
}

export interface Hosts {
  /** Another machine, which reaches all others. Throws where the machine does not allow it, with what is missing. */
  readonly add: (name: string) => Host
  /** A place on the same network for who looks from outside, with an address of its own. */
  readonly outside: Pick<Host, 'on' | 'address'>
  /** Puts this process on the network, with an address; only where it has a network namespace of its own (`isOnItsOwn`). */
  readonly attach: () => string
  /** Takes away what was made; end what runs there first. */
  readonly close: () => void
}

const run = (command: string, ...args: readonly string[]): string => {
  try {
    return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')} failed; ${MISSING}`, { cause: error })
  }
}
const ip = (...args: readonly string[]): string => run('ip', ...args)

/** Whether this process has a network namespace of its own in which nothing is up yet, as `unshare --net` makes one. */
export const isOnItsOwn = (): boolean => Object.keys(networkInterfaces()).length === 0

/** nsenter, as `ip netns exec` would hide the memory groups that sandboxes use. */
const within =
  (space: string): Host['on'] =>
  (command, args) => ({ command: 'nsenter', args: [`--net=/run/netns/${space}`, '--', command, ...args] })

/** A network without machines. */
export const openHosts = (): Hosts => {
  const stem = `skyhost-${process.pid}-${randomBytes(3).toString('hex')}`
  const made: string[] = []
  const add = (name: string): string => {
    const space = `${stem}-${name}`
    ip('netns', 'add', space)
    made.push(space)
    ip('-n', space, 'link', 'set', 'lo', 'up')
    return space
  }
  const close = (): void => {
    for (const space of made.splice(0).toReversed()) ip('netns', 'delete', space)
  }
  const bridge = add('bridge')
  try {
    ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge')
    ip('-n', bridge, 'address', 'add', `${NETWORK}.1/24`, 'dev', 'br0')
    ip('-n', bridge, 'link', 'set', 'br0', 'up')
  } catch (error) {
    close()
    throw error
  }
  let hosts = 0
  return {
    outside: { on: within(bridge), address: `${NETWORK}.1` },
    close,
    attach: () => {
      if (!isOnItsOwn()) throw new Error('this process is on the machine’s own network, which nothing is added to')
      const address = `${NETWORK}.${ATTACHED}`
      ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'attached', 'netns', bridge)
      ip('-n', bridge, 'link', 'set', 'attached', 'master', 'br0', 'up')
      ip('address', 'add', `${address}/24`, 'dev', 'eth0')
      for (const device of ['lo', 'eth0']) ip('link', 'set', device, 'up')
      return address
    },
    add: name => {
      const space = add(name)
      const [number, plug] = [FIRST + hosts, `port${hosts}`]
      hosts += 1
      const address = `${NETWORK}.${number}`
      ip('link', 'add', 'eth0', 'netns', space, 'type', 'veth', 'peer', 'name', plug, 'netns', bridge)
      ip('-n', bridge, 'link', 'set', plug, 'master', 'br0', 'up')
      ip('-n', space, 'address', 'add', `${address}/24`, 'dev', 'eth0')
      ip('-n', space, 'link', 'set', 'eth0', 'up')
      const set = (state: 'up' | 'down'): void => void ip('-n', bridge, 'link', 'set', plug, state)
      return { name, address, on: within(space), cut: () => set('down'), mend: () => set('up') }
    },
  }
}
