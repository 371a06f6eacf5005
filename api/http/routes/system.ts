// What this system offers and how it is doing: limits, runtimes, nodes.
import { Type } from 'typebox'
import { Language } from '#filters'
import { type Platform } from '../../platform.ts'
import { SILENT_AFTER_MS } from '../../submissions/placement.ts'
import { NodeStatus } from '../../submissions/status.ts'
import { callerOf } from '../access.ts'
import { type App } from '../app.ts'
import { answers } from '../views.ts'

const Used = Type.Object({ used: Type.Integer(), limit: Type.Union([Type.Integer(), Type.Null()]) })
const LimitsView = Type.Object({
  filters: Used,
  tokens: Used,
  credentials: Used,
  requestsPerMinute: Type.Integer(),
  sourceCharacters: Type.Integer(),
  cap: Type.Object({ default: Type.Integer(), max: Type.Integer() }),
})
const RuntimeView = Type.Object({ language: Language, runtime: Type.String(), engine: Type.String() })
const NodeView = Type.Object({
  ...NodeStatus.properties,
  bootstrap: Type.Union([Type.String(), Type.Null()]),
  silent: Type.Boolean(),
})

const SOURCE_CHARACTERS = 262_144

export function systemRoutes(app: App, { books, brokers, settings, nowMs }: Platform): void {
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
      const limits = books.account(account)?.limits
      return {
        filters: {
          used: books.filters().filter(({ owner, state }) => owner === account && state !== 'deleted').length,
          limit: limits?.filters ?? null,
        },
        tokens: { used: books.tokensOf(account).length, limit: settings.tokensPerAccount },
        credentials: {
          used: books.credentials().filter(record => record.account === account).length,
          limit: settings.credentialsPerAccount,
        },
        requestsPerMinute: limits?.requestsPerMinute ?? settings.requestsPerMinute,
        sourceCharacters: SOURCE_CHARACTERS,
        cap: { default: settings.defaultCap, max: settings.maxCap },
      }
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/runtimes',
    config: { scope: 'any' },
    schema: {
      summary: 'Languages filters can be written in',
      tags: ['system'],
      response: answers({ 200: Type.Object({ items: Type.Array(RuntimeView) }) }),
    },
    handler: async () => ({
      items: settings.languages.map(language => ({
        language,
        runtime: language === 'python' ? 'container' : 'isolate',
        engine: language === 'python' ? 'CPython 3.11' : `V8 ${process.versions.v8}`,
      })),
    }),
  })

  app.route({
    method: 'GET',
    url: '/v1/nodes',
    config: { scope: 'any' },
    schema: {
      summary: 'Mirror nodes and their lag',
      tags: ['system'],
      response: answers({ 200: Type.Object({ items: Type.Array(NodeView) }) }),
    },
    handler: async () => ({
      items: books.nodes().map(node => ({
        ...node,
        bootstrap: brokers.address(node.mirror) ?? null,
        silent: nowMs() - Date.parse(node.updatedAt) > SILENT_AFTER_MS,
      })),
    }),
  })
}
