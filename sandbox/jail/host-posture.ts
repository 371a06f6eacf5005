// Proves from outside, by /proc, that a host is confined: every thread of it. What differs is listed, and then it gets no filter.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { threadDifferences, type ThreadUser, unlessGone } from '../machine/thread-posture.ts'

/** What must be true of a host besides what is true of all. */
export interface Expected extends ThreadUser {
  readonly environment: readonly string[]
}

const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts']
const HARMLESS_DESCRIPTOR = /^(pipe|socket):\[\d+\]$|^anon_inode:\[(eventpoll|eventfd|timerfd)\]$/
/** The ring and the intent record; both have no name any more. */
const OWN_FILE = /\/(ring|intent) \(deleted\)$/

const read = (file: string): string => readFileSync(file, 'utf8')

function namespaceDifferences(pid: number): string[] {
  return NAMESPACES.filter(
    name => readlinkSync(`/proc/${pid}/ns/${name}`) === readlinkSync(`/proc/self/ns/${name}`),
  ).map(name => `it shares the ${name} namespace with us`)
}

function descriptorDifferences(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap(number => unlessGone(() => descriptorDifference(pid, number)))
}

function descriptorDifference(pid: number, number: string): string[] {
  const target = readlinkSync(`/proc/${pid}/fd/${number}`)
  if (HARMLESS_DESCRIPTOR.test(target)) return []
  if (!OWN_FILE.test(target)) return [`descriptor ${number} is ${target}`]
  const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(read(`/proc/${pid}/fdinfo/${number}`))?.[1] ?? '1', 8)
  const writable = (flags & 3) !== 0
  return writable && target.includes('/ring ') ? [`descriptor ${number} can write the ring`] : []
}

function mountDifferences(pid: number): string[] {
  const lines = read(`/proc/${pid}/mountinfo`).trim().split('\n')
  return lines.flatMap(line => {
    const [, , , , point = '', options = ''] = line.split(' ')
    return options.split(',').includes('rw') ? [`${point} is mounted writable`] : []
  })
}

function environmentDifferences(pid: number, { environment }: Expected): string[] {
  const names = read(`/proc/${pid}/environ`)
    .split('\0')
    .filter(Boolean)
    .map(entry => entry.split('=', 1)[0] ?? '')
  return names.filter(name => !environment.includes(name)).map(name => `the variable ${name} is in its environment`)
}

/** Differences of a live process from what is required, each once. A process that is gone or hides itself differs. */
export function postureDifferences(pid: number, expected: Expected): string[] {
  try {
    return [
      ...new Set([
        ...threadDifferences(pid, expected),
        ...namespaceDifferences(pid),
        ...descriptorDifferences(pid),
        ...mountDifferences(pid),
        ...environmentDifferences(pid, expected),
      ]),
    ]
  } catch (error) {
    return [`its state cannot be read (${error instanceof Error ? error.message : String(error)})`]
  }
}
