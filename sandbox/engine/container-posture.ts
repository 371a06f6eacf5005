// Proves that a container is confined: by what the engine says it made, and from outside by /proc for each of its processes.
import { readFileSync, readlinkSync } from 'node:fs'
import { type ContainerCreateOptions, type ContainerInspectInfo } from 'dockerode'
import { threadDifferences } from '../machine/thread-posture.ts'
import { type Usage } from './container-usage.ts'

const NOBODY = { uid: 65_534, gid: 65_534 }
const OWN_NAMESPACES = ['ipc', 'mnt', 'net', 'pid', 'uts']
/** Writable by mount; nobody but root owns anything there, except in /tmp, which is small and runs nothing. */
const WRITABLE = /^\/(tmp|dev(\/.*)?|proc(\/.*)?|sys\/fs\/cgroup)$/
/** Variables that are the engine's. */
const ENGINES = ['PATH', 'HOSTNAME']

const nameOf = (variable: string): string => variable.split('=', 1)[0] ?? ''

/** Settings of the host configuration that must be as they were asked for. */
const EXACT = [
  'NetworkMode',
  'ReadonlyRootfs',
  'CapDrop',
  'SecurityOpt',
  'PidsLimit',
  'Memory',
  'MemorySwap',
  'IpcMode',
  'Init',
  'Tmpfs',
  'Binds',
] as const

function madeDifferences({ Config, HostConfig }: ContainerInspectInfo, wanted: ContainerCreateOptions): string[] {
  const known = new Set([...ENGINES, ...(wanted.Env ?? []).map(nameOf)])
  const changed = EXACT.filter(name => JSON.stringify(HostConfig[name]) !== JSON.stringify(wanted.HostConfig?.[name]))
  const variables = (Config.Env ?? []).map(nameOf).filter(name => !known.has(name))
  return [
    ...changed.map(name => `the engine made it with another ${name}`),
    ...(Config.User === wanted.User ? [] : [`it runs as ${Config.User}`]),
    ...(HostConfig.Privileged ? ['it is privileged'] : []),
    ...((HostConfig.CapAdd ?? []).length > 0 ? ['it has capabilities added'] : []),
    ...variables.map(name => `the variable ${name} is in its environment`),
  ]
}

/** Mount points of a container that its flags make writable. */
const writableBinds = ({ HostConfig }: ContainerCreateOptions): string[] =>
  (HostConfig?.Binds ?? []).flatMap(bind => (bind.endsWith(':rw') ? [bind.split(':')[1] ?? ''] : []))

function processDifferences(pid: number, writableToo: readonly string[]): string[] {
  const shared = OWN_NAMESPACES.filter(
    name => readlinkSync(`/proc/${pid}/ns/${name}`) === readlinkSync(`/proc/self/ns/${name}`),
  )
  const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n')
  const writable = mounts.flatMap(line => {
    const [, , , , point = '', options = ''] = line.split(' ')
    const may = WRITABLE.test(point) || writableToo.includes(point)
    return options.split(',').includes('rw') && !may ? [`${point} is mounted writable`] : []
  })
  const interfaces = readFileSync(`/proc/${pid}/net/dev`, 'utf8').trim().split('\n').slice(2)
  const links = interfaces.map(line => line.split(':', 1)[0]?.trim() ?? '').filter(name => name !== 'lo')
  return [
    ...threadDifferences(pid, NOBODY),
    ...shared.map(name => `it shares the ${name} namespace with us`),
    ...writable,
    ...links.map(name => `it has the network interface ${name}`),
  ]
}

/** Differences from what is required, each once. Where the engine runs elsewhere, only what it says can be looked at. */
export function postureDifferences(made: ContainerInspectInfo, wanted: ContainerCreateOptions, usage: Usage): string[] {
  const differences = madeDifferences(made, wanted)
  const writable = writableBinds(wanted)
  for (const pid of usage.pids()) {
    try {
      differences.push(...processDifferences(pid, writable))
    } catch (error) {
      // A process may end while it is looked at.
      if (usage.pids().includes(pid))
        differences.push(`its state cannot be read (${error instanceof Error ? error.message : String(error)})`)
    }
  }
  return [...new Set(differences)]
}
