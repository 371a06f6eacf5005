// `skysieve audit`: who did what, when, from where, and how it ended; for administrators.
import type { AddCommands } from '../context/add-commands.ts'
import type { AuditRecord } from '../../audit/audit-record.ts'
import { sessionOf } from '../connection/session.ts'
import { table } from '../output/output.ts'

interface AuditOptions {
  readonly since?: string
  readonly account?: string
  readonly action?: string
  readonly begun?: boolean
}

const PAGE = 1000
const DAY_MS = 86_400_000

export const addAudit: AddCommands = (program, context) => {
  program
    .command('audit')
    .description('who did what, of the last day (administrators)')
    .option('--since <time>', 'from then on (ISO 8601)')
    .option('--account <name>', 'what this account did')
    .option('--action <text>', 'a part of the action, e.g. DELETE or logins')
    .option('--begun', 'also the beginnings of acts, not only their ends')
    .action(async ({ since, account, action, begun }: AuditOptions, command) => {
      const { out, api } = sessionOf(command, context)
      const client = api()
      const query = new URLSearchParams({
        since: since ?? new Date(Date.now() - DAY_MS).toISOString(),
        limit: String(PAGE),
      })
      if (account !== undefined) query.set('account', account)
      if (action !== undefined) query.set('action', action)
      const records: AuditRecord[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        if (cursor !== '') query.set('cursor', cursor)
        const page: { items: AuditRecord[]; nextCursor: string | null } = await client.call(
          'GET',
          `/v1/audit?${query.toString()}`,
        )
        records.push(...page.items)
        cursor = page.nextCursor
      }
      const ended = new Set(records.filter(({ phase }) => phase === 'ended').map(({ request }) => request))
      // An act without an end was cut off: it is always shown.
      const shown = records.filter(({ phase, request }) => begun || phase === 'ended' || !ended.has(request))
      out.result(shown, () =>
        table(
          ['time', 'account', 'from', 'action', 'target', 'outcome'],
          shown.map(record => [
            record.time,
            record.account ?? '',
            record.from,
            record.action,
            record.made ?? Object.values(record.target).join(' '),
            record.code ?? record.outcome ?? record.phase,
          ]),
          'Nothing was done.',
        ),
      )
    })
}
