// Moving a filter to another mirror: operators only, for its subscribers have to follow it.
import { Type } from 'typebox'
import { FilterId, type Manifest } from '#filters'
import { ApiError } from '../../../errors.ts'
import { choosePlace } from '../../../placement/choose-place.ts'
import { wantedOf } from '../../../placement/filter-cost.ts'
import { NodeLoads } from '../../../placement/node-load.ts'
import { systemOf } from '../../../placement/system.ts'
import { type Platform } from '../../../platform.ts'
import { etagOf } from '../../../submissions/manifest-changes.ts'
import { placeElsewhere } from '../../../leader/move-filters.ts'
import { forcedTo } from '../../../submissions/lost-node-rules.ts'
import { movingTo, moveTimes } from '../../../submissions/move-rules.ts'
import { type App } from '../../requests/typed-app.ts'
import { ownFilter } from './own-filter.ts'
import { answers } from '../../answers/answers.ts'
import { filterView, FilterView } from '../../answers/filter-views.ts'

export function filterMoveRoutes(app: App, platform: Platform): void {
  const { controlState, writes } = platform
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
      const shard = shardFor(platform, ownFilter(platform, request), mirror)
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

/** The shard of a node that is to run the filter; undefined where there is no such node. Throws ApiError API_NODE_STATE where that one cannot take it now. */
function shardFor(platform: Platform, manifest: Manifest, mirror: string): number | undefined {
  const { nodes, manifests, statusOf, nowMs } = systemOf(platform)
  const node = nodes.find(({ name }) => name === mirror)
  if (node === undefined) return undefined
  const wanted = wantedOf(manifest, statusOf(manifest.id))
  const choice = choosePlace([node], wanted, new NodeLoads(manifests, statusOf), nowMs)
  if (choice.ok) return choice.place.shard
  const message = `The node “${mirror}” cannot take “${manifest.name}” now: ${choice.reasons[0]?.why}. skysieve node list tells of all nodes.`
  throw new ApiError('API_NODE_STATE', message)
}
