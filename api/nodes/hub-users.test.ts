import { expect, test } from 'vitest'
import { type Grant } from '#hub'
import { nodeHubUsers } from './hub-users.ts'
import { leaving } from './node-changes.ts'
import { expectedNode, joinedNode } from './nodes.fixture.ts'

const acl = (user: string, name: string): Grant => ({ user, resource: 'topic', name, operations: ['read'] })
const nodeAcls = (node: string, { reportsAlone }: { readonly reportsAlone: boolean }): Grant[] => [
  acl(`skysieve-mm2-${node}`, 'alerts'),
  acl(`skysieve-worker-${node}`, reportsAlone ? `skysieve.status.${node}` : 'skysieve.status'),
]

test('a node that has joined has two users on the hub, each with its own rights and without a quota', () => {
  expect(nodeHubUsers([expectedNode, joinedNode], { nodeAcls })).toMatchObject([
    { broker: 'hub', user: 'skysieve-mm2-node3', grants: [{ name: 'alerts' }], quota: { requestPercent: null } },
    { broker: 'hub', user: 'skysieve-worker-node3', grants: [{ name: 'skysieve.status.node3' }] },
  ])
})

test('a node of a former version goes on writing where it reports, until it is known to report in its own topic', () => {
  const { reportsAlone: _absent, ...former } = joinedNode
  expect(nodeHubUsers([former], { nodeAcls })).toMatchObject([{}, { grants: [{ name: 'skysieve.status' }] }])
})

test('a node that is expected, or being removed, has none', () => {
  expect(nodeHubUsers([expectedNode, leaving(joinedNode, joinedNode.updatedAt)], { nodeAcls })).toEqual([])
})
