// What processes that are gone left behind: containers, found by label, and ring files.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { memoryDirectory, RING_PREFIX } from '../isolate/ring.ts'
import { statusOf } from './engine.ts'

const LABEL = 'skysieve.sandbox'
const OWNER = 'skysieve.process'

/** When a process began, in ticks since the machine did; nothing when there is none. Tells a process from a later one with its number. */
function beginningOf(pid: number | 'self'): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/** Labels of the containers of this process. */
export const ownLabels = (label: string): Record<string, string> => ({
  [LABEL]: label,
  [OWNER]: `${hostname()}/${process.pid}/${beginningOf('self') ?? ''}`,
})

function ownerLives(owner: string): boolean {
  const [host, pid, beginning] = owner.split('/')
  return host === hostname() && beginning !== '' && beginningOf(Number(pid)) === beginning
}

/** Removes containers under `label` whose process is gone. Returns how many. */
export async function sweepContainers(docker: Docker, label: string): Promise<number> {
  const all = await docker.listContainers({ all: true, filters: { label: [`${LABEL}=${label}`] } })
  const orphans = all.filter(({ Labels }) => !ownerLives(Labels[OWNER] ?? ''))
  await removeContainers(docker, new Set(orphans.map(({ Id }) => Id)))
  return orphans.length
}

/** Removes these, and takes those that are gone out of the set. */
export async function removeContainers(docker: Docker, ids: Set<string>): Promise<void> {
  const removals = [...ids].map(async id => {
    try {
      await docker.getContainer(id).remove({ force: true, v: true })
    } catch (error) {
      // Gone already, or being removed.
      if (![404, 409].includes(statusOf(error) ?? 0)) throw error
    }
    ids.delete(id)
  })
  await Promise.all(removals)
}

/** Removes ring files whose process is gone; those of others are left to them. */
export function sweepRings(dir: string): void {
  const place = memoryDirectory(dir)
  for (const name of readdirSync(place).filter(each => each.startsWith(RING_PREFIX))) {
    const pid = Number(name.slice(RING_PREFIX.length).split('-', 1)[0])
    if (!Number.isInteger(pid) || beginningOf(pid) !== undefined) continue
    rmSync(join(place, name), { recursive: true, force: true })
  }
}
