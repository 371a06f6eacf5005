// The audit as administrators read it: who did what, in the order it happened.
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { AUDIT_TOPIC, AuditRecord } from '../../audit/audit-record.ts'
import { type Platform } from '../../platform.ts'
import { type App } from '../requests/typed-app.ts'
import { Moment } from '../requests/text-formats.ts'
import { HUB } from '../../brokers/brokers.ts'
import { answers } from '../answers/answers.ts'

const AuditQuery = Type.Object({
  since: Type.Optional(Moment),
  account: Type.Optional(Type.String({ maxLength: 31 })),
  action: Type.Optional(
    Type.String({ maxLength: 200, description: 'a part of the action, e.g. `DELETE` or `logins`' }),
  ),
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200 }),
  cursor: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$', maxLength: 18 })),
})

export function auditRoutes(app: App, { brokers }: Platform): void {
  app.route({
    method: 'GET',
    url: '/v1/audit',
    config: { scope: 'admin' },
    schema: {
      summary: 'Who did what',
      tags: ['system'],
      querystring: AuditQuery,
      response: answers({
        200: Type.Object({
          items: Type.Array(AuditRecord),
          nextCursor: Type.Union([Type.String(), Type.Null()]),
        }),
      }),
    },
    handler: async ({ query: { since, account, action, limit, cursor } }) => {
      const items: AuditRecord[] = []
      const from =
        cursor !== undefined
          ? BigInt(cursor)
          : since === undefined
            ? ('earliest' as const)
            : { timestampMs: Date.parse(since) }
      for await (const { offset, value } of brokers.records(HUB, AUDIT_TOPIC, 0, from)) {
        if (value === null) continue
        const record: unknown = JSON.parse(value.toString())
        if (!Value.Check(AuditRecord, record)) continue
        if (account !== undefined && record.account !== account) continue
        if (action !== undefined && !record.action.includes(action)) continue
        // Another one fits: the page is full where it begins.
        if (items.length === limit) return { items, nextCursor: String(offset) }
        items.push(record)
      }
      return { items, nextCursor: null }
    },
  })
}
