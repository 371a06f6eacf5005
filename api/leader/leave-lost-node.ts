// A node that never comes back: its filters go on elsewhere by what it last reported, and their authors are told what is given up.
import { ApiError } from '../errors.ts'
import { choosePlace, refusalText } from '../placement/choose-place.ts'
import { wantedOf } from '../placement/filter-cost.ts'
import { NodeLoads, placeOf } from '../placement/node-load.ts'
import { systemOf } from '../placement/system.ts'
import { type Platform } from '../platform.ts'
import { finishedByLoss, forcedTo, retargeted } from '../submissions/lost-node-rules.ts'
import { placeElsewhere } from './move-filters.ts'

/**
 * Places every filter of a node elsewhere, at once. What is done is done when it is cut off; called again it goes on.
 * @throws ApiError API_NODE_STATE for a node that reports; API_NODE_IN_USE when no other can take some of its filters, after the others have gone
 */
export async function leaveLostNode(platform: Platform, node: string): Promise<void> {
  const { controlState, writes, nowMs } = platform
  requireLost(platform, node)
  const now = new Date(nowMs()).toISOString()
  const stuck: string[] = []
  for (const { id, name } of controlState.filters()) {
    const known = controlState.filter(id)
    if (known === undefined || known.state === 'deleted') continue
    if (finishedByLoss(known, node, now) !== undefined)
      await writes.change(async writer => {
        const manifest = controlState.filter(id)
        const next = manifest && finishedByLoss(manifest, node, now)
        if (next !== undefined) await writer.manifest(next)
      })
    if (known.placement?.mirror !== node && placeOf(known)?.mirror !== node) continue
    const { nodes, manifests, statusOf } = systemOf(platform)
    const others = nodes.filter(({ name: other }) => other !== node && other !== known.placement?.mirror)
    const choice = choosePlace(others, wantedOf(known, statusOf(id)), new NodeLoads(manifests, statusOf), nowMs())
    if (!choice.ok) {
      stuck.push(`“${name}”: ${refusalText(choice.reasons)}`)
      continue
    }
    const { place } = choice
    if (known.placement?.mirror === node)
      await placeElsewhere(platform, id, manifest =>
        manifest.placement?.mirror === node
          ? forcedTo(manifest, { ...place, status: controlState.statusOf(id), now })
          : undefined,
      )
    else
      await writes.change(async writer => {
        const manifest = controlState.filter(id)
        if (manifest?.moving?.to.mirror === node) await writer.manifest(retargeted(manifest, place, now))
      })
  }
  if (stuck.length === 0) return
  const more = stuck.length === 1 ? '' : `, and ${stuck.length - 1} more`
  throw new ApiError(
    'API_NODE_IN_USE',
    `The node “${node}” stays, because filters of it can go nowhere: ${stuck[0]}${more}. Add or uncordon a node that can take them, or delete them; then try again.`,
  )
}

/** A node that runs would evaluate what another does too, until it hears of it. */
function requireLost(platform: Platform, node: string): void {
  const awake = systemOf(platform).nodes.find(({ name }) => name === node)?.awake ?? []
  if (awake.length === 0) return
  const message = `The node “${node}” reports: it is not lost. Drain it (skysieve node drain ${node}); or stop it, and try again a minute later.`
  throw new ApiError('API_NODE_STATE', message)
}
