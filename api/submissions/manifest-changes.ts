// How a manifest changes, as pure functions: each takes the manifest as it is and gives the next one, or says why it may not be.
// In: a submission, or a change that an owner or the leader asks for. Out: the manifest to write. Read it first in this folder.
import { type Manifest, type Placement, sha256, type Submission, type TrialSummary, type Version } from '#filters'
import { ApiError, type ApiProblem } from '../errors.ts'

/** What a submission says nothing about. */
export interface Defaults {
  readonly cap: number
  readonly stream: string
}

const NIGHT_ENDS_HOUR = 12

/** The next noon in UTC after `now`: Rubin counts its nights (day_obs) from noon to noon. */
export function endOfNight(now: string): string {
  const end = new Date(now)
  if (end.getUTCHours() >= NIGHT_ENDS_HOUR) end.setUTCDate(end.getUTCDate() + 1)
  end.setUTCHours(NIGHT_ENDS_HOUR, 0, 0, 0)
  return end.toISOString()
}

/** A filter as submitted, before anything of it has run; the record of its source takes `bytes`. */
export function newManifest(
  submission: Submission,
  {
    id,
    owner,
    description,
    bytes,
    now,
  }: { id: string; owner: string; description: string; bytes: number; now: string },
  defaults: Defaults,
): Manifest {
  const { name, language, source, expires, labels } = submission
  return {
    id,
    name,
    owner,
    description,
    stream: submission.stream ?? defaults.stream,
    cap: submission.cap ?? defaults.cap,
    policy: submission.policy ?? 'first',
    start: submission.start ?? 'now',
    ...(expires === undefined ? {} : { expires: expires === 'end-of-night' ? endOfNight(now) : expires }),
    cutouts: submission.cutouts ?? false,
    ...(labels === undefined ? {} : { labels }),
    versions: [{ number: 1, language, sha256: sha256(source), bytes, createdAt: now }],
    active: 1,
    state: 'submitted',
    problems: [],
    placement: null,
    generation: 1,
    trust: 'new',
    createdAt: now,
    updatedAt: now,
  }
}

const refuse = (manifest: Manifest, deed: string, hint: string): never => {
  throw new ApiError('API_STATE_CONFLICT', `The filter “${manifest.name}” is ${manifest.state}: ${deed}. ${hint}`)
}

/** Stops evaluation; its topic and its past deliveries stay. */
export function paused(manifest: Manifest, now: string): Manifest {
  if (manifest.state === 'paused') return manifest
  if (manifest.state !== 'active')
    return refuse(manifest, 'only an active filter can be paused', 'Nothing was changed.')
  return { ...manifest, state: 'paused', updatedAt: now }
}

/** Goes on, also after a suspension: the new generation is what wakes a suspended filter. */
export function resumed(manifest: Manifest, now: string): Manifest {
  if (manifest.state !== 'active' && manifest.state !== 'paused')
    return refuse(manifest, 'only a paused or suspended filter can be resumed', 'Submit a new version to try again.')
  return { ...manifest, state: 'active', generation: manifest.generation + 1, updatedAt: now }
}

export function described(manifest: Manifest, description: string, now: string): Manifest {
  return manifest.description === description ? manifest : { ...manifest, description, updatedAt: now }
}

/** The node lets go of it; its key's tombstone follows when the node has. */
export function deleted(manifest: Manifest, now: string): Manifest {
  return manifest.state === 'deleted' ? manifest : { ...manifest, state: 'deleted', updatedAt: now }
}

/** The same source twice is the same version. A rejected filter starts over with its new one. */
export function withVersion(
  manifest: Manifest,
  { language, source, bytes }: Pick<Submission, 'language' | 'source'> & { readonly bytes: number },
  now: string,
): { readonly manifest: Manifest; readonly version: Version; readonly isNew: boolean } {
  const hash = sha256(source)
  const same = manifest.versions.find(version => version.sha256 === hash && version.language === language)
  const version = same ?? { number: manifest.versions.length + 1, language, sha256: hash, bytes, createdAt: now }
  const versions = same ? manifest.versions : [...manifest.versions, version]
  const restart =
    manifest.state === 'rejected' ? { state: 'submitted' as const, active: version.number, problems: [] } : {}
  if (same && manifest.state !== 'rejected') return { manifest, version, isNew: false }
  return { manifest: { ...manifest, versions, ...restart, updatedAt: now }, version, isNew: !same }
}

/** Another version runs from the next batch on; a suspension of the old one does not hold for it. */
export function withActive(manifest: Manifest, number: number, trial: TrialSummary, now: string): Manifest {
  versionOf(manifest, number)
  if (manifest.active === number) return manifest
  if (manifest.state !== 'active' && manifest.state !== 'paused')
    return refuse(manifest, 'its version cannot be changed', 'Wait until it is active.')
  return { ...manifest, active: number, trial, generation: manifest.generation + 1, updatedAt: now }
}

/** @throws ApiError API_VERSION_UNKNOWN */
export function versionOf(manifest: Manifest, number: number): Version {
  const version = manifest.versions.find(version => version.number === number)
  if (version) return version
  const message = `The filter “${manifest.name}” has versions 1 to ${manifest.versions.length}, not ${number}.`
  throw new ApiError('API_VERSION_UNKNOWN', message)
}

/** A manifest stays small, whatever a filter throws. */
const MAX_PROBLEMS = 20
const MAX_PROBLEM_CHARS = 1_000

export function rejected(manifest: Manifest, problems: readonly ApiProblem[], now: string): Manifest {
  const shown = problems.slice(0, MAX_PROBLEMS).map(({ message, line, column }) => ({
    message: message.slice(0, MAX_PROBLEM_CHARS),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  }))
  return { ...manifest, state: 'rejected', problems: shown, updatedAt: now }
}

/** Checked and tried: it runs there from now on. */
export function placed(manifest: Manifest, placement: Placement, trial: TrialSummary, now: string): Manifest {
  return { ...manifest, state: 'active', problems: [], placement, trial, updatedAt: now }
}

/** What `If-Match` compares. */
export const etagOf = (manifest: Manifest): string => `"${sha256(JSON.stringify(manifest)).slice(0, 20)}"`
