// `skysieve user`: accounts, their hub users and what these may take; for administrators, and for accounts that manage their own users.
import type { AddCommands } from '../context/add-commands.ts'
import type { Client } from '../connection/api-client.ts'
import { sessionOf } from '../connection/session.ts'
import { groupsText, table } from '../output/output.ts'

interface Account {
  readonly id: string
  readonly role: string
  readonly scopes: readonly string[]
  readonly limits: { readonly filters: number; readonly requestsPerMinute: number }
  readonly createdAt: string
}

interface Login {
  readonly user: string
  readonly label: string
  readonly topics: readonly string[]
  readonly nodes: readonly { readonly mirror: string; readonly bootstrap: string; readonly topics: readonly string[] }[]
  readonly groupPrefixes: readonly string[]
  readonly bytesPerSecond: number | null
  readonly createdAt: string
}

interface FreshLogin extends Login {
  readonly password: string
  readonly bootstrap: string
  readonly protocol: string
}

interface AddOptions {
  readonly scope: string[]
  readonly role?: string
  readonly filters?: number
  readonly requestsPerMinute?: number
  readonly bytesPerMinute?: number
  readonly bytesPerSecond?: number
  readonly requestPercent?: number
  readonly login?: string
}

const collect = (value: string, before: string[]): string[] => [...before, value]
const MB = 1_000_000
const path = (...parts: readonly string[]): string => `/v1/accounts/${parts.map(encodeURIComponent).join('/')}`

const loginText = ({ user, password, bootstrap, protocol, topics, nodes, groupPrefixes }: FreshLogin): string =>
  [
    `Kafka user ${user} at ${bootstrap} (${protocol}, SCRAM-SHA-512) may read ${topics.join(', ') || 'nothing yet'}.`,
    ...nodes.map(
      node =>
        `On ${node.mirror} at ${node.bootstrap} it may read ${node.topics.join(', ') || 'nothing yet: the account has no filter there'}.`,
    ),
    `Its consumer groups: ${groupsText(user, groupPrefixes)}.`,
    'Its password, shown only now:',
    password,
  ].join('\n')

/** The user's name by its label. Throws what the API answers to a user that is not there. */
const userOf = async (client: Client, account: string, label: string): Promise<string> => {
  const logins = await client.list<Login>(path(account, 'logins'))
  return logins.find(login => login.label === label || login.user === label)?.user ?? label
}

export const addUser: AddCommands = (program, context) => {
  const user = program.command('user').description('accounts and their Kafka users')

  user
    .command('add <name>')
    .description(
      'create an account and its first token; with --login a Kafka user on hub and nodes, also of an account that is there',
    )
    .option('--scope <scope>', 'a scope of the account (repeatable)', collect, [])
    .option(
      '--role <role>',
      'reader, producer (writes alerts), monitor (sees names, settings and lags) or operator (may do everything on hub and nodes)',
    )
    .option('--filters <n>', 'filters it may have', Number)
    .option('--requests-per-minute <n>', 'requests to the API it may make', Number)
    .option('--bytes-per-minute <n>', 'of answers of the API', Number)
    .option('--bytes-per-second <n>', 'what its Kafka users may take of a broker together', Number)
    .option('--request-percent <n>', 'share of a request thread they may take together', Number)
    .option('--login <label>', 'make a Kafka user `<name>-<label>`, or `<name>` for the label main')
    .action(async (name: string, options: AddOptions, command) => {
      const { scope, role, filters, requestsPerMinute, bytesPerMinute, bytesPerSecond, requestPercent, login } = options
      const { out, api } = sessionOf(command, context)
      const client = api()
      const isThere = login !== undefined && (await client.list<Account>('/v1/accounts')).some(({ id }) => id === name)
      const limits = {
        ...(filters === undefined ? {} : { filters }),
        ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
        ...(bytesPerMinute === undefined ? {} : { bytesPerMinute }),
        ...(bytesPerSecond === undefined ? {} : { kafkaBytesPerSecond: bytesPerSecond }),
        ...(requestPercent === undefined ? {} : { kafkaRequestPercent: requestPercent }),
      }
      const lines: string[] = []
      let made: object = {}
      if (!isThere) {
        const account = await client.call<Account>('POST', '/v1/accounts', {
          name,
          ...(scope.length > 0 ? { scopes: scope } : {}),
          ...(role === undefined ? {} : { role }),
          ...(Object.keys(limits).length > 0 ? { limits } : {}),
        })
        const { token } = await client.call<{ token: string }>('POST', path(name, 'tokens'), { label: 'first' })
        made = { ...account, token }
        lines.push(`Account ${name} (${account.scopes.join(', ')}). Its token, shown only now:`, token)
      }
      const fresh =
        login === undefined ? undefined : await client.call<FreshLogin>('POST', path(name, 'logins'), { label: login })
      if (fresh) lines.push(loginText(fresh))
      out.result({ ...made, ...(fresh ? { login: fresh } : {}) }, () => lines.join('\n'))
    })

  user
    .command('list [name]')
    .description('all accounts, or the Kafka users of one')
    .action(async (name: string | undefined, _options, command) => {
      const { out, api } = sessionOf(command, context)
      if (name !== undefined) {
        const logins = await api().list<Login>(path(name, 'logins'))
        out.result(logins, () =>
          table(
            ['user', 'label', 'topics', 'groups', 'MB/s', 'since'],
            logins.map(({ user: own, label, topics, groupPrefixes, bytesPerSecond, createdAt }) => [
              own,
              label,
              topics.join(','),
              groupsText(own, groupPrefixes),
              bytesPerSecond === null ? '' : (bytesPerSecond / MB).toFixed(1),
              createdAt,
            ]),
            `No Kafka users yet: skysieve user add ${name} --login main`,
          ),
        )
        return
      }
      const accounts = await api().list<Account>('/v1/accounts')
      out.result(accounts, () =>
        table(
          ['account', 'role', 'scopes', 'filters', 'since'],
          accounts.map(({ id, role, scopes, limits, createdAt }) => [
            id,
            role,
            scopes.join(','),
            String(limits.filters),
            createdAt,
          ]),
          'No accounts yet: skysieve user add NAME',
        ),
      )
    })

  user
    .command('rotate <name>')
    .description('give a Kafka user of the account a new password, shown once')
    .option('--login <label>', 'which one', 'main')
    .action(async (name: string, { login }: { login: string }, command) => {
      const { out, api } = sessionOf(command, context)
      const client = api()
      const fresh = await client.call<FreshLogin>(
        'POST',
        path(name, 'logins', await userOf(client, name, login), 'password'),
      )
      out.result(fresh, () => loginText(fresh))
    })

  user
    .command('delete <name>')
    .description('delete an account with its tokens and Kafka users, or one Kafka user of it')
    .option('--login <label>', 'only this Kafka user')
    .action(async (name: string, { login }: { login?: string }, command) => {
      const { out, api } = sessionOf(command, context)
      const client = api()
      const deleted = login === undefined ? name : await userOf(client, name, login)
      await client.call('DELETE', login === undefined ? path(name) : path(name, 'logins', deleted))
      out.result({ deleted }, () => `${login === undefined ? 'Account' : 'Kafka user'} ${deleted} is deleted.`)
    })
}
