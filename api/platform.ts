// The parts that an API instance is made of, as routes and the leader's work take them. open-instance.ts puts them together.
// Rooms below this file name only the parts they need, by types of their own.
import { type Sources } from '#filters'
import { type Archives } from './archive/archives.ts'
import { type AuditLog } from './audit/audit-log.ts'
import { type Runtimes } from './authoring/runtimes.ts'
import { type SourceChecks } from './authoring/source-checks.ts'
import { type BelievedReports } from './control/believed-reports.ts'
import { type ArchiveJobs } from './jobs/archive-maintenance-queue.ts'
import { type SubmissionJobs } from './jobs/submission-queue.ts'
import { type NodePlatform } from './nodes/node-platform.ts'

export interface Platform extends NodePlatform {
  /** Undefined where this system keeps no archive. */
  readonly archives: Archives | undefined
  readonly archiveJobs: ArchiveJobs
  readonly sources: Pick<Sources, 'get' | 'keys'>
  readonly reports: Pick<BelievedReports, 'isOwn' | 'leftOver'>
  readonly sourceChecks: SourceChecks
  /** Whether packets of this schema can be read now. */
  readonly knowsSchema: (id: number) => Promise<boolean>
  readonly runtimes: Runtimes
  readonly jobs: SubmissionJobs
  readonly audit: Pick<AuditLog, 'write'>
}
