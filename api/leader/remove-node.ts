// A node's end: first it takes part in nothing any more, then its users on the hub go, then what it reported, then its record. Whoever leads can finish it.
import { statusTopicOf } from '#filters'
import { HUB } from '../brokers/brokers.ts'
import { type NodeRecord } from '../control/node-records.ts'
import { ApiError } from '../errors.ts'
import { leaving, requireUnused, unknownNode, useOf } from '../nodes/node-changes.ts'
import { type Platform } from '../platform.ts'
import { isSilent } from '../control/silence.ts'

/**
 * Begins it, where the node has no filters; a node of a former version, which reports without a record, has to be silent.
 * Throws ApiError API_NODE_UNKNOWN, API_NODE_IN_USE or API_NODE_STATE.
 */
export async function beginNodeRemoval({ controlState, writes, nowMs }: Platform, name: string): Promise<void> {
  await writes.change(async writer => {
    const record = controlState.node(name)
    const reports = controlState.shards().filter(({ mirror }) => mirror === name)
    if (record === undefined && reports.length === 0) throw unknownNode(name)
    requireUnused(name, useOf(name, controlState.filters(), nowMs()))
    if (record !== undefined) return writer.node(leaving(record, new Date(nowMs()).toISOString()))
    if (reports.some(({ updatedAt }) => !isSilent(Date.parse(updatedAt), nowMs()))) {
      const message = `The node “${name}” was never added here, and it reports: stop it first, and remove it a minute later.`
      throw new ApiError('API_NODE_STATE', message)
    }
  })
}

/** Takes away all that there is of a node on the hub; safe to repeat. Throws ApiError API_MIRROR_DOWN. */
export async function finishNodeRemoval(platform: Platform, name: string): Promise<void> {
  const { controlState, writes, brokers, joining } = platform
  const { mirrorMaker, worker } = joining.nodeUsers(name)
  // Users first: nothing is reported any more from then on.
  for (const user of [mirrorMaker, worker]) await brokers.removeUser(HUB, user)
  if (controlState.node(name)?.joinedAt !== undefined) await brokers.dropTopic(HUB, statusTopicOf(name))
  await writes.change(async writer => {
    const record = controlState.node(name)
    // Added anew meanwhile, as one of a former version may be.
    if (record !== undefined && record.state !== 'removing') return
    const reports = controlState.shards().filter(({ mirror }) => mirror === name)
    // Filters that were deleted while the node was away: nobody else acknowledges that.
    const filters = controlState
      .filters()
      .filter(({ id, state }) => state === 'deleted' && controlState.statusOf(id)?.mirror === name)
    await writer.forgetReports([...reports.map(({ shard }) => `node/${name}/${shard}`), ...filters.map(({ id }) => id)])
    // Kafka users of topics of its own, such as its dead letters, went with its broker.
    for (const user of controlState.credentials()) if (user.broker === name) await writer.forgetRecord(user)
    if (record !== undefined) await writer.forgetNode(name)
  })
}

/** Nodes whose end has begun. */
export const leavingNodes = ({ controlState }: Pick<Platform, 'controlState'>): readonly NodeRecord[] =>
  controlState.nodes().filter(({ state }) => state === 'removing')
