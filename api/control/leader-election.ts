// Leader election: the API instance that holds the one partition of skysieve.leader in a consumer group may write. What it then holds is in leadership.ts.
import { type BrokerAccess, openAdmin, openGroupMember } from '#hub'

export const LEADER_TOPIC = 'skysieve.leader'
const PARTITION = 0
/** How the group hands the partition out; all instances say the same. */
const PROTOCOL = 'skysieve-leader'

export interface Election {
  /** The leading instance's address as the group knows it. */
  leaderUrl(): Promise<string | undefined>
  /** Leaves the group at once, so that another instance need not wait for the session to run out. */
  close(): Promise<void>
}

export interface ElectionEvents {
  readonly onElected: () => void
  readonly onDeposed: () => void
  readonly onTrouble: (reason: string) => void
}

/** An instance that stands for election. */
export interface Candidate {
  readonly access: BrokerAccess
  readonly clientId: string
  /** Shared by all instances. */
  readonly groupId: string
  /** This instance's address for the others. */
  readonly url: string
}

/** Takes part in the election until closed. A dead leader is replaced when its session is over (`BrokerTimeouts.sessionMs`). */
export async function joinElection(
  { access, clientId, groupId, url }: Candidate,
  { onElected, onDeposed, onTrouble }: ElectionEvents,
): Promise<Election> {
  let leads = false
  const noteResult = (leader: boolean): void => {
    if (leader === leads) return
    leads = leader
    if (leader) onElected()
    else onDeposed()
  }
  const member = await openGroupMember(access, {
    clientId,
    groupId,
    topic: LEADER_TOPIC,
    protocol: PROTOCOL,
    userData: url,
    onAssigned: partitions => noteResult(partitions.includes(PARTITION)),
    onLost: error => {
      noteResult(false)
      onTrouble(error.message)
    },
  })
  const admin = openAdmin(access, clientId)
  return {
    leaderUrl: async () =>
      (await admin.groupMembers(groupId)).find(({ assigned }) => assigned.get(LEADER_TOPIC)?.includes(PARTITION))
        ?.userData,
    close: async () => {
      await member.close()
      await admin.close()
    },
  }
}
