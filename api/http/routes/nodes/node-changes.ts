// What administrators do with a node: keep new filters away, let them come again, remove it.
import { Type } from 'typebox'
import { type NodeRecord } from '../../../control/node-records.ts'
import { leaveLostNode } from '../../../leader/leave-lost-node.ts'
import { beginNodeRemoval, finishNodeRemoval } from '../../../leader/remove-node.ts'
import { cordoned, uncordoned, unknownNode } from '../../../nodes/node-changes.ts'
import { NodeView } from '../../../nodes/node-view.ts'
import { type Platform } from '../../../platform.ts'
import { answers } from '../../answers/answers.ts'
import { type App } from '../../requests/typed-app.ts'
import { NodeParams, viewOf } from './nodes.ts'

export function nodeChangeRoutes(app: App, platform: Platform): void {
  const { controlState, writes } = platform
  const change = async (name: string, next: (record: NodeRecord, now: string) => NodeRecord): Promise<NodeView> => {
    await writes.change(async writer => {
      const before = controlState.node(name)
      if (before === undefined) throw unknownNode(name)
      const after = next(before, new Date(platform.nowMs()).toISOString())
      if (after !== before) await writer.node(after)
    })
    return viewOf(platform, name)
  }

  for (const [verb, next, summary] of [
    ['cordon', cordoned, 'Place no new filters on a node; those it has stay. A drain ends where it is'],
    ['uncordon', uncordoned, 'Place filters on a node again'],
  ] as const)
    app.route({
      method: 'POST',
      url: `/v1/nodes/:name/${verb}`,
      config: { scope: 'admin' },
      schema: { summary, tags: ['nodes'], params: NodeParams, response: answers({ 200: NodeView }) },
      handler: async request => change(request.params.name, next),
    })

  app.route({
    method: 'DELETE',
    url: '/v1/nodes/:name',
    config: { scope: 'admin' },
    schema: {
      summary: 'Remove a node that has no filters: its users on the hub, its record and its reports',
      tags: ['nodes'],
      params: NodeParams,
      querystring: Type.Object({
        force: Type.Boolean({
          default: false,
          description:
            'It never comes back: its filters go on elsewhere by what it last reported, and their authors are told what is given up',
        }),
      }),
      response: answers({ 204: Type.Null() }),
    },
    async handler(request, reply) {
      const { name } = request.params
      if (request.query.force) await leaveLostNode(platform, name)
      await beginNodeRemoval(platform, name)
      await finishNodeRemoval(platform, name)
      return reply.code(204).send(null)
    },
  })
}
