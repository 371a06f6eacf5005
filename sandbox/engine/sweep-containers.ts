// Containers that processes which are gone left behind, found by label.
import { hostname } from 'node:os'
import type Docker from 'dockerode'
import { ownerLives, ownTag } from '../machine/leftovers.ts'
import { statusOf } from './docker-engine.ts'

const LABEL = 'skysieve.sandbox'
const OWNER = 'skysieve.process'

/** Labels of the containers of this process. */
export const ownLabels = (label: string): Record<string, string> => ({
  [LABEL]: label,
  [OWNER]: `${hostname()}/${ownTag()}`,
})

function isOrphan({ Labels }: Docker.ContainerInfo): boolean {
  const [host, tag = ''] = (Labels[OWNER] ?? '').split('/')
  return host !== hostname() || !ownerLives(tag)
}

/** Removes containers under `label` whose process is gone. Returns how many. */
export async function sweepContainers(docker: Docker, label: string): Promise<number> {
  const all = await docker.listContainers({ all: true, filters: { label: [`${LABEL}=${label}`] } })
  const orphans = all.filter(isOrphan)
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
