// `skysieve acl`: which topics of the hub an account may read; for administrators.
import type { AddCommands } from '../context/add-commands.ts'
import { sessionOf } from '../connection/session.ts'
import { table } from '../output/output.ts'

interface Acl {
  readonly account: string
  readonly topic: string
  readonly operations: readonly string[]
  readonly from: string
}

const pathOf = (account: string, topic: string): string =>
  `/v1/acls/${encodeURIComponent(account)}/${encodeURIComponent(topic)}`

export const addAcl: AddCommands = (program, context) => {
  const acl = program.command('acl').description('who may read which topics of the hub (administrators)')

  acl
    .command('add <account> <topic>')
    .description('let an account read a topic; its groups are its own already')
    .action(async (account: string, topic: string, _options, command) => {
      const { out, api } = sessionOf(command, context)
      await api().call('PUT', pathOf(account, topic))
      out.result({ account, topic }, () => `${account} may read ${topic}.`)
    })

  acl
    .command('list [account]')
    .description('who may read and write what, and why')
    .action(async (account: string | undefined, _options, command) => {
      const { out, api } = sessionOf(command, context)
      const query = account === undefined ? '' : `?account=${encodeURIComponent(account)}`
      const acls = await api().list<Acl>(`/v1/acls${query}`)
      out.result(acls, () =>
        table(
          ['account', 'topic', 'may', 'from'],
          acls.map(({ account: id, topic, operations, from }) => [id, topic, operations.join(','), from]),
          'Nobody may read a topic of the hub yet: skysieve acl add ACCOUNT TOPIC',
        ),
      )
    })

  acl
    .command('delete <account> <topic>')
    .description('take it back; who is reading reads nothing more')
    .action(async (account: string, topic: string, _options, command) => {
      const { out, api } = sessionOf(command, context)
      await api().call('DELETE', pathOf(account, topic))
      out.result({ account, topic }, () => `${account} may no longer read ${topic}.`)
    })
}
