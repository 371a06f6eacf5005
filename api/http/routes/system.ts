// What this system offers and where its streams come from: limits, runtimes, upstreams.
import { Type } from 'typebox'
import { Language, MAX_SOURCE_CHARS } from '#filters'
import { type Platform } from '../../platform.ts'
import { UpstreamStatus } from '../../control/status-records.ts'
import { isSilent } from '../../control/silence.ts'
import { sourceBytesOf } from '../../submissions/stored-sources.ts'
import { callerOf } from '../hooks/authenticate.ts'
import { type App } from '../requests/typed-app.ts'
import { limitsOf } from '../hooks/rate-limit.ts'
import { answers } from '../answers/answers.ts'

const Used = Type.Object({ used: Type.Integer(), limit: Type.Union([Type.Integer(), Type.Null()]) })
const LimitsView = Type.Object({
  filters: Used,
  tokens: Used,
  credentials: Used,
  sourceBytes: Used,
  requestsPerMinute: Type.Integer(),
  bytesPerMinute: Type.Integer({
    description: 'of answers; while Redis is away each instance counts requests and bytes by itself',
  }),
  sourceCharacters: Type.Integer(),
  cap: Type.Object({ default: Type.Integer(), max: Type.Integer() }),
})
const RuntimeView = Type.Object({
  language: Language,
  runtime: Type.Union([Type.Literal('isolate'), Type.Literal('container')]),
  engine: Type.String(),
  available: Type.Boolean({ description: 'whether filters in it can run now' }),
  reason: Type.Optional(Type.String({ description: 'why not, and what to do' })),
  libraries: Type.Array(Type.Object({ name: Type.String(), version: Type.String() })),
  limits: Type.Object({
    batchMs: Type.Number({ description: 'CPU time for a batch of 256 alerts' }),
    memoryMb: Type.Number(),
    logCharacters: Type.Integer(),
    annotationCharacters: Type.Integer(),
    sourceCharacters: Type.Integer(),
  }),
})
const UpstreamView = Type.Object({
  ...UpstreamStatus.properties,
  silent: Type.Boolean({
    description: 'whether it has not reported for a minute: the process that takes it does not run',
  }),
})

export function systemRoutes(app: App, platform: Platform): void {
  const { controlState, settings, runtimes, nowMs } = platform
  app.route({
    method: 'GET',
    url: '/v1/limits',
    config: { scope: 'any' },
    schema: {
      summary: 'Your limits and what you use of them',
      tags: ['system'],
      response: answers({ 200: LimitsView }),
    },
    handler: async request => {
      const { account } = callerOf(request)
      const limits = controlState.account(account)?.limits
      return {
        filters: {
          used: controlState.filters().filter(({ owner, state }) => owner === account && state !== 'deleted').length,
          limit: limits?.filters ?? null,
        },
        tokens: { used: controlState.tokensOf(account).length, limit: settings.tokensPerAccount },
        credentials: {
          used: controlState.credentials().filter(record => record.account === account).length,
          limit: settings.credentialsPerAccount,
        },
        sourceBytes: { used: sourceBytesOf(controlState.filters(), account), limit: settings.sourceBytesPerAccount },
        ...limitsOf(platform, account),
        sourceCharacters: MAX_SOURCE_CHARS,
        cap: { default: settings.defaultCap, max: settings.maxCap },
      }
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/runtimes',
    config: { scope: 'any' },
    schema: {
      summary: 'Languages filters can be written in, their libraries and limits, and whether each runs now',
      tags: ['system'],
      response: answers({ 200: Type.Object({ items: Type.Array(RuntimeView) }) }),
    },
    handler: async () => ({
      items: (await runtimes.list()).map(info => ({ ...info, libraries: [...info.libraries] })),
    }),
  })

  app.route({
    method: 'GET',
    url: '/v1/upstreams',
    config: { scope: 'any' },
    schema: {
      summary: 'Surveys whose streams come into this system: their lag, what is lost, and why one waits',
      tags: ['system'],
      response: answers({ 200: Type.Object({ items: Type.Array(UpstreamView) }) }),
    },
    handler: async () => ({
      items: controlState.upstreams().map(one => ({ ...one, silent: isSilent(Date.parse(one.updatedAt), nowMs()) })),
    }),
  })
}
