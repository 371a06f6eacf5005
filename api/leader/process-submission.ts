// One submission from `submitted` to `active` or `rejected`. Every step can be repeated: only the last one changes anything.
import { type Platform } from '../platform.ts'
import { type Manifest } from '#filters'
import { ApiError } from '../errors.ts'
import { type NodeRefusal, refusalText } from '../placement/choose-place.ts'
import { choiceFor } from '../placement/system.ts'
import { placed, rejected } from '../submissions/manifest-changes.ts'
import { type JobStage } from '../submissions/stage.ts'
import { applyUsers } from '../subscribers/apply-users.ts'

/**
 * Tries and places a filter, whose source was found good when it came; does nothing if it is past that.
 * Rejects with API_NODE_MISSING while no node can take it, before it is tried, and when our side fails (no sandbox, no leader): the queue tries again.
 */
export async function processSubmission(
  platform: Platform,
  filter: string,
  report: (stage: JobStage) => Promise<void>,
): Promise<void> {
  const { controlState, writes, sourceChecks, nowMs } = platform
  const manifest = controlState.filter(filter)
  if (manifest?.state !== 'submitted') return
  const first = choiceFor(platform, manifest)
  if (!first.ok) {
    await report('placing')
    throw noNode(manifest, first.reasons)
  }
  const { problems, alerts, passed } = await sourceChecks.try(manifest, manifest.active, () => report('trying'))
  await report('placing')
  await writes.change(async writer => {
    // What was tried must be what goes live: a version that came meanwhile has a job of its own.
    const now = controlState.filter(filter)
    if (now?.state !== 'submitted' || now.active !== manifest.active) return
    const time = new Date(nowMs()).toISOString()
    if (problems.length > 0) return writer.manifest(rejected(now, problems, time))
    const choice = choiceFor(platform, now)
    if (!choice.ok) throw noNode(now, choice.reasons)
    await writer.manifest(placed(now, choice.place, { version: now.active, alerts, passed }, time))
  })
  await letOwnerRead(platform, filter)
}

const noNode = ({ name }: Manifest, reasons: readonly NodeRefusal[]): ApiError =>
  new ApiError('API_NODE_MISSING', `The filter “${name}” waits: ${refusalText(reasons)}.`)

/** The owner's logins may read the new topic from now on; where its mirror is away, whoever leads sees to it later. */
async function letOwnerRead(platform: Platform, filter: string): Promise<void> {
  const manifest = platform.controlState.filter(filter)
  if (manifest?.placement) await applyUsers(platform, manifest.owner, manifest.placement.mirror).catch(() => undefined)
}
