// How the election's group hands out its one partition: to one member, whose address every other can read from the group.
import { AssignerProtocol, type PartitionAssigner } from 'kafkajs'

const { MemberAssignment, MemberMetadata } = AssignerProtocol
const NAME = 'skysieve-leader'

/** An assigner that makes this member known as `url`. */
export const leaderAssigner =
  (topic: string, url: string): PartitionAssigner =>
  () => ({
    name: NAME,
    version: 0,
    protocol: ({ topics }) => ({
      name: NAME,
      metadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.from(url) }),
    }),
    async assign({ members }) {
      const chosen = members.map(({ memberId }) => memberId).toSorted()[0]
      return members.map(({ memberId }) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          version: 0,
          assignment: memberId === chosen ? { [topic]: [0] } : {},
          userData: Buffer.alloc(0),
        }),
      }))
    },
  })

export interface GroupMember {
  readonly memberAssignment: Buffer
  readonly memberMetadata: Buffer
}

/** The address of the member that holds the partition, if the group is not rebalancing. */
export function leaderAmong(members: readonly GroupMember[], topic: string): string | undefined {
  const leader = members.find(
    ({ memberAssignment }) =>
      memberAssignment.length > 0 && MemberAssignment.decode(memberAssignment)?.assignment[topic]?.includes(0),
  )
  const url = leader && MemberMetadata.decode(leader.memberMetadata)?.userData.toString()
  return url === '' ? undefined : url
}
