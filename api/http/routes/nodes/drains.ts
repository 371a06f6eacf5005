// Filters leave a node, or are spread anew over all: what an administrator asks for; the leader does it.
import { Type } from 'typebox'
import { Placement } from '#filters'
import { beginMove } from '../../../leader/drain-nodes.ts'
import { unknownNode } from '../../../nodes/node-changes.ts'
import { NodeView } from '../../../nodes/node-view.ts'
import { drained, isInFlight, MOVES_AT_ONCE } from '../../../placement/drain.ts'
import { planRebalance } from '../../../placement/rebalance.ts'
import { systemOf } from '../../../placement/system.ts'
import { type Platform } from '../../../platform.ts'
import { answers } from '../../answers/answers.ts'
import { type App } from '../../requests/typed-app.ts'
import { NodeParams, viewOf } from './nodes.ts'

const Move = Type.Object({ filter: Type.String(), name: Type.String(), from: Placement, to: Placement })

export function nodeDrainRoutes(app: App, platform: Platform): void {
  const { controlState, writes, nowMs } = platform

  app.route({
    method: 'POST',
    url: '/v1/nodes/:name/drain',
    config: { scope: 'admin' },
    schema: {
      summary: 'Give a node’s filters away, ten at a time; uncordon or cordon ends that',
      tags: ['nodes'],
      params: NodeParams,
      response: answers({ 202: NodeView }),
    },
    async handler(request, reply) {
      const { name } = request.params
      await writes.change(async writer => {
        const before = controlState.node(name)
        if (before === undefined) throw unknownNode(name)
        const after = drained(before, systemOf(platform), new Date(nowMs()).toISOString())
        if (after !== before) await writer.node(after)
      })
      return reply.code(202).send(viewOf(platform, name))
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/nodes/rebalance',
    config: { scope: 'admin' },
    schema: {
      summary:
        'Move filters so that all nodes have as much to do for their cores; ten at a time, so ask again until none is planned',
      tags: ['nodes'],
      body: Type.Object(
        { dryRun: Type.Boolean({ default: false, description: 'only say what would move' }) },
        { additionalProperties: false },
      ),
      response: answers({
        200: Type.Object({
          moves: Type.Array(Move, { description: 'all that are planned, in their order' }),
          begun: Type.Integer({ description: 'how many of them begin now' }),
        }),
      }),
    },
    async handler({ body: { dryRun } }) {
      const system = systemOf(platform)
      const moves = planRebalance(system)
      const { manifests, statusOf } = system
      const inFlight = manifests.filter(one => isInFlight(one, statusOf(one.id), system.nowMs)).length
      let begun = 0
      for (const move of dryRun ? [] : moves.slice(0, Math.max(0, MOVES_AT_ONCE - inFlight)))
        if (await beginMove(platform, move)) begun += 1
      return { moves, begun }
    },
  })
}
