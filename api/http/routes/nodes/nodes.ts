// Mirror nodes: adding one, and how all are doing.
import { Type } from 'typebox'
import { NodeLabels, NodeLimits, NodeName } from '../../../control/node-records.ts'
import { addNode } from '../../../nodes/add-node.ts'
import { unknownNode } from '../../../nodes/node-changes.ts'
import { NodeView, nodeViews } from '../../../nodes/node-view.ts'
import { drainStep } from '../../../placement/drain.ts'
import { drainView } from '../../../placement/drain-view.ts'
import { systemOf } from '../../../placement/system.ts'
import { type Platform } from '../../../platform.ts'
import { answers } from '../../answers/answers.ts'
import { type App } from '../../requests/typed-app.ts'

const HOUR = 60
const MAX_MINUTES = 7 * 24 * HOUR

export const TokenMinutes = Type.Integer({
  minimum: 1,
  maximum: MAX_MINUTES,
  default: HOUR,
  description: 'how long its token is good',
})
const MachineToken = Type.Object({ machine: Type.Integer(), token: Type.String() })

const NewNode = Type.Object(
  {
    name: Type.Optional(NodeName),
    labels: Type.Optional(NodeLabels),
    limits: Type.Optional(NodeLimits),
    minutes: TokenMinutes,
    machines: Type.Enum([1, 3], {
      default: 1,
      description: '3: three machines that stand in for each other (a cell)',
    }),
  },
  { additionalProperties: false },
)
const AddedNode = Type.Object({
  ...NodeView.properties,
  token: Type.Optional(Type.String({ description: 'of a node of one machine' })),
  tokens: Type.Optional(Type.Array(MachineToken, { description: 'of a cell, for each machine that has not joined' })),
  joinUrl: Type.String({ description: 'the address of this API for the node’s machine' }),
})
export const NodeParams = Type.Object({ name: Type.String({ maxLength: 60 }) })

/** All nodes as they are now. */
function viewsOf(platform: Platform): NodeView[] {
  const { controlState, brokers, nowMs } = platform
  const known = {
    nodes: controlState.nodes(),
    reports: controlState.shards(),
    manifests: controlState.filters(),
    addressOf: (node: string) => brokers.address(node),
    drainOf: (node: string) => drainView(drainStep(node, systemOf(platform))),
  }
  return nodeViews(known, nowMs())
}

/** One of them. Throws ApiError API_NODE_UNKNOWN. */
export function viewOf(platform: Platform, name: string): NodeView {
  const view = viewsOf(platform).find(({ mirror }) => mirror === name)
  if (view === undefined) throw unknownNode(name)
  return view
}

export function nodeRoutes(app: App, platform: Platform): void {
  const { outside, url } = platform.settings
  app.route({
    method: 'GET',
    url: '/v1/nodes',
    config: { scope: 'any' },
    schema: {
      summary: 'Mirror nodes and their lag',
      tags: ['nodes'],
      response: answers({ 200: Type.Object({ items: Type.Array(NodeView) }) }),
    },
    handler: async () => ({ items: viewsOf(platform) }),
  })

  app.route({
    method: 'GET',
    url: '/v1/nodes/:name',
    config: { scope: 'any' },
    schema: {
      summary: 'A mirror node',
      tags: ['nodes'],
      params: NodeParams,
      response: answers({ 200: NodeView }),
    },
    handler: async request => viewOf(platform, request.params.name),
  })

  app.route({
    method: 'POST',
    url: '/v1/nodes',
    config: { scope: 'admin' },
    schema: {
      summary: 'Add a node; the token it joins with is shown once. One that has not joined yet gets a new token',
      tags: ['nodes'],
      body: NewNode,
      response: answers({ 201: AddedNode }),
    },
    async handler({ body }, reply) {
      const { name, labels, limits, minutes, machines } = body
      const { record, tokens } = await addNode(platform, { name, labels, limits, minutes, machines })
      const [first] = tokens
      return reply
        .code(201)
        .header('location', `/v1/nodes/${record.name}`)
        .header('cache-control', 'no-store')
        .send({
          ...viewOf(platform, record.name),
          ...(machines === 1 && first !== undefined ? { token: first.token } : { tokens: [...tokens] }),
          joinUrl: outside?.url ?? url,
        })
    },
  })
}
