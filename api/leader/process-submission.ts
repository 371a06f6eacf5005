// One submission from `submitted` to `active` or `rejected`. Every step can be repeated: only the last one changes anything.
import { settleUsers } from '../subscribers/credentials.ts'
import { type Platform } from '../platform.ts'
import { placed, rejected } from '../submissions/manifest-changes.ts'
import { candidatesOf, choosePlace } from '../submissions/placement.ts'
import { type JobStage } from '../submissions/stage.ts'

/**
 * Tries and places a filter, whose source was found good when it came; does nothing if it is past that.
 * Rejects when our side fails (no mirror, no sandbox, no leader): the queue tries again.
 */
export async function process(
  platform: Platform,
  mirrors: readonly string[],
  filter: string,
  report: (stage: JobStage) => Promise<void>,
): Promise<void> {
  const { books, writes, author, nowMs } = platform
  const manifest = books.filter(filter)
  if (manifest?.state !== 'submitted') return
  const { problems, alerts, passed } = await author.try(manifest, manifest.active, () => report('trying'))
  await report('placing')
  await writes.change(async pen => {
    // What was tried must be what goes live: a version that came meanwhile has a job of its own.
    const now = books.filter(filter)
    if (now?.state !== 'submitted' || now.active !== manifest.active) return
    const time = new Date(nowMs()).toISOString()
    if (problems.length > 0) return pen.manifest(rejected(now, problems, time))
    const place = choosePlace(candidatesOf(mirrors, books.shards()), books.filters(), nowMs())
    if (place === undefined)
      throw new Error('There is no mirror to place a filter on; the API is configured with none.')
    await pen.manifest(placed(now, place, { version: now.active, alerts, passed }, time))
  })
  await letOwnerRead(platform, filter)
}

/** The owner's logins may read the new topic from now on; where its mirror is away, whoever leads sees to it later. */
async function letOwnerRead(platform: Platform, filter: string): Promise<void> {
  const manifest = platform.books.filter(filter)
  if (manifest?.placement) await settleUsers(platform, manifest.owner, manifest.placement.mirror).catch(() => undefined)
}
