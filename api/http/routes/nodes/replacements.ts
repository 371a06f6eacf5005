// A machine of a cell that is lost for good: its place is given to another one.
import { Type } from 'typebox'
import { NodeView } from '../../../nodes/node-view.ts'
import { replaceMachine } from '../../../nodes/replace-machine.ts'
import { type Platform } from '../../../platform.ts'
import { answers } from '../../answers/answers.ts'
import { type App } from '../../requests/typed-app.ts'
import { NodeParams, TokenMinutes, viewOf } from './nodes.ts'

export function machineReplacementRoute(app: App, platform: Platform): void {
  const { outside, url } = platform.settings
  app.route({
    method: 'POST',
    url: '/v1/nodes/:name/machines/:machine/replace',
    config: { scope: 'admin' },
    schema: {
      summary:
        'Give the place of a machine of a cell, lost for good, to another; the token it joins with is shown once',
      tags: ['nodes'],
      params: Type.Object({ ...NodeParams.properties, machine: Type.Integer({ minimum: 1, maximum: 3 }) }),
      body: Type.Object(
        {
          minutes: TokenMinutes,
          force: Type.Boolean({ default: false, description: 'also where it is alive, or another machine is not' }),
        },
        { additionalProperties: false },
      ),
      response: answers({
        201: Type.Object({
          ...NodeView.properties,
          token: Type.String(),
          joinUrl: Type.String({ description: 'the address of this API for the machine' }),
        }),
      }),
    },
    async handler({ params: { name, machine }, body: { minutes, force } }, reply) {
      const token = await replaceMachine(platform, { name, machine, minutes, force })
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...viewOf(platform, name), token, joinUrl: outside?.url ?? url })
    },
  })
}
