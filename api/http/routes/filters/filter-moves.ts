// Moving a filter to another mirror: operators only, for its subscribers have to follow it.
import { Type } from 'typebox'
import { FilterId } from '#filters'
import { type Platform } from '../../../platform.ts'
import { etagOf } from '../../../submissions/manifest-changes.ts'
import { placeElsewhere } from '../../../leader/move-filters.ts'
import { placedByNode, requireTakesFilters } from '../../../nodes/node-changes.ts'
import { forcedTo } from '../../../submissions/lost-node-rules.ts'
import { movingTo, moveTimes } from '../../../submissions/move-rules.ts'
import { candidatesOf, choosePlace } from '../../../submissions/placement.ts'
import { type App } from '../../requests/typed-app.ts'
import { ownFilter } from './own-filter.ts'
import { answers } from '../../answers/answers.ts'
import { filterView, FilterView } from '../../answers/filter-views.ts'

export function filterMoveRoutes(app: App, platform: Platform): void {
  const { controlState, writes, brokers } = platform
  app.route({
    method: 'POST',
    url: '/v1/filters/:id/move',
    config: { scope: 'admin' },
    schema: {
      summary: 'Move a filter to another mirror; its Kafka users follow, its old topic stays until it is deleted',
      tags: ['filters'],
      params: Type.Object({ id: FilterId }),
      body: Type.Object(
        {
          mirror: Type.String({ maxLength: 60, pattern: '^[A-Za-z0-9][A-Za-z0-9_-]*$' }),
          force: Type.Optional(
            Type.Boolean({
              description:
                'Its mirror is lost for good: do not wait for it. Visits that it had reported are given up where it left them, all others are evaluated on the new mirror; what it delivered after its last report may come again.',
            }),
          ),
        },
        { additionalProperties: false },
      ),
      response: answers({ 202: FilterView }),
    },
    async handler(request, reply) {
      const { mirror, force = false } = request.body
      const isMirror = brokers.mirrors().includes(mirror)
      const node = controlState.node(mirror)
      if (node !== undefined) requireTakesFilters(node, placedByNode(controlState.filters()).get(mirror) ?? 0)
      const candidates = candidatesOf(isMirror ? [mirror] : [], controlState.shards())
      const shard = choosePlace(candidates, controlState.filters(), platform.nowMs())?.shard
      const now = new Date(platform.nowMs()).toISOString()
      const { lateMs } = moveTimes(platform.settings.moves)
      const { id } = ownFilter(platform, request)
      const wanted = () => ({ mirror, shard, status: controlState.statusOf(id), now })
      if (force) await placeElsewhere(platform, id, old => forcedTo(old, wanted()))
      else
        await writes.change(async writer => {
          const old = ownFilter(platform, request)
          const next = movingTo(old, { ...wanted(), lateMs })
          if (next !== old) await writer.manifest(next)
        })
      const manifest = ownFilter(platform, request)
      reply.code(202).header('etag', etagOf(manifest))
      return reply.send(filterView(manifest, controlState.statusOf(manifest.id)))
    },
  })
}
