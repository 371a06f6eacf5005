// `skysieve user`: accounts, for administrators.
import type { AddCommands } from '../run.ts'
import { sessionOf } from '../session.ts'
import { table } from '../output.ts'

interface Account {
  readonly id: string
  readonly scopes: readonly string[]
  readonly limits: { readonly filters: number; readonly requestsPerMinute: number }
  readonly createdAt: string
}

const collect = (value: string, before: string[]): string[] => [...before, value]

export const addUser: AddCommands = (program, around) => {
  const user = program.command('user').description('accounts (administrators)')

  user
    .command('add <name>')
    .description('create an account and its first token, which is shown once')
    .option('--scope <scope>', 'a scope of the account (repeatable)', collect, [])
    .option('--filters <n>', 'filters it may have', Number)
    .action(async (name: string, { scope, filters }: { scope: string[]; filters?: number }, command) => {
      const { out, api } = sessionOf(command, around)
      const client = api()
      const account = await client.call<Account>('POST', '/v1/accounts', {
        name,
        ...(scope.length > 0 ? { scopes: scope } : {}),
        ...(filters === undefined ? {} : { limits: { filters } }),
      })
      const made = await client.call<{ token: string }>('POST', `/v1/accounts/${name}/tokens`, { label: 'first' })
      out.result({ ...account, token: made.token }, () =>
        [`Account ${name} (${account.scopes.join(', ')}). Its token, shown only now:`, made.token].join('\n'),
      )
    })

  user
    .command('list')
    .description('all accounts')
    .action(async (_options, command) => {
      const { out, api } = sessionOf(command, around)
      const accounts = await api().list<Account>('/v1/accounts')
      out.result(accounts, () =>
        table(
          ['account', 'scopes', 'filters', 'since'],
          accounts.map(({ id, scopes, limits, createdAt }) => [
            id,
            scopes.join(','),
            String(limits.filters),
            createdAt,
          ]),
          'No accounts yet: skysieve user add NAME',
        ),
      )
    })
}
