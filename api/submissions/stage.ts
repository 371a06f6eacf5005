// Where a filter is on its way from submission to delivering, in one word an author understands.
import { Type } from 'typebox'
import { type Manifest } from '#filters'
import { type FilterStatus } from '../control/status-records.ts'

const JOB_STAGES = ['queued', 'checking', 'trying', 'placing'] as const
const NODE_STAGES = ['starting', 'live', 'catching-up', 'paused', 'suspended', 'failed'] as const
const LAST_STAGES = ['rejected', 'deleting'] as const

export type JobStage = (typeof JOB_STAGES)[number]
export const Stage = Type.Enum([...JOB_STAGES, ...NODE_STAGES, ...LAST_STAGES])
export type Stage = JobStage | (typeof NODE_STAGES)[number] | (typeof LAST_STAGES)[number]

/** Whether the node's report is about what the manifest asks for now. */
const isCurrent = (manifest: Manifest, status: FilterStatus): boolean =>
  status.version === manifest.active && status.generation >= manifest.generation

export function stageOf(manifest: Manifest, status: FilterStatus | undefined, job: JobStage | undefined): Stage {
  if (manifest.state === 'submitted') return job ?? 'queued'
  if (manifest.state === 'rejected') return 'rejected'
  if (manifest.state === 'deleted') return 'deleting'
  if (manifest.state === 'paused') return 'paused'
  if (!status || !isCurrent(manifest, status) || status.state === 'paused') return 'starting'
  // One that has no lane yet and waits for what it needs runs as little as one that nobody has looked at.
  return status.state === 'catching-up' && status.waitsFor !== undefined && !status.lane ? 'starting' : status.state
}
