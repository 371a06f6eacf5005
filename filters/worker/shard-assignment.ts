// Which shards this process runs: partitions of a topic that is never written to, handed out by the consumer group of the mirror's workers. A dead worker's shards are
// given to the others when its session is over (6 s); one that is started again in the same directory takes its predecessor out of the group at once.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { type BrokerAccess, type ClusterAdmin, type GroupMember, openGroupMember } from '#hub'
import { SHARDS_TOPIC } from '../publish/topics.ts'

export interface AssignmentOptions {
  readonly access: BrokerAccess
  readonly admin: ClusterAdmin
  /**
   * Where this worker notes who it is in the group. When it dies and is started again with the same file, it takes its predecessor out of the group at once:
   * else its shards would wait until that one's session is over.
   */
  readonly memberFile: string | undefined
  /** Called with all shards of this process whenever that may have changed. */
  readonly onAssigned: (shards: readonly number[]) => void
  /** It cannot be a member any more, e.g. for lack of rights. */
  readonly onFailure: (error: Error) => void
}

/** The group of the workers of a mirror, whose user this is. */
export const groupOf = ({ user }: Pick<BrokerAccess, 'user'>): string => `${user}.shards`

/** Joins the group of the mirror's workers. Throws HubError when it is refused, or cannot join in 20 s. */
export async function joinWorkers({
  access,
  admin,
  memberFile,
  onAssigned,
  onFailure,
}: AssignmentOptions): Promise<GroupMember> {
  const groupId = groupOf(access)
  if (memberFile !== undefined) await removePredecessor(admin, groupId, memberFile)
  let noted: Promise<void> = Promise.resolve()
  return openGroupMember(access, {
    clientId: groupId,
    groupId,
    topic: SHARDS_TOPIC,
    protocol: 'RoundRobinAssigner',
    onAssigned: (shards, memberId) => {
      if (memberFile !== undefined) noted = noted.then(() => note(memberFile, memberId))
      onAssigned(shards)
    },
    onFailure,
  })
}

/** A member that has left or whose session is over is not there any more; where the group cannot be asked, the predecessor's session ends by itself. */
async function removePredecessor(admin: ClusterAdmin, groupId: string, memberFile: string): Promise<void> {
  const memberId = await readFile(memberFile, 'utf8').catch(() => '')
  if (memberId !== '') await admin.removeMember(groupId, memberId).catch(() => undefined)
}

/** Without the note a takeover takes longer, nothing else. */
async function note(memberFile: string, memberId: string): Promise<void> {
  await writeFile(`${memberFile}.new`, memberId).catch(() => undefined)
  await rename(`${memberFile}.new`, memberFile).catch(() => undefined)
}
