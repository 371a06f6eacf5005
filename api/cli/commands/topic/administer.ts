// `skysieve topic create|delete`: topics of the hub, for administrators.
import { sessionOf } from '../../connection/session.ts'
import type { AddCommands } from '../../context/add-commands.ts'

interface CreateOptions {
  readonly owner: string[]
  readonly partitions?: number
  readonly retentionHours?: number
  readonly retentionBytes?: number
  readonly maxMessageBytes?: number
}

const collect = (value: string, before: string[]): string[] => [...before, value]
const HOUR_MS = 3_600_000

export const addAdminister: AddCommands = (topic, context) => {
  topic
    .command('create <name>')
    .description('make a topic on the hub (administrators)')
    .option('--owner <account>', 'an account that reads and writes it (repeatable)', collect, [])
    .option('--partitions <n>', 'how many; fixed from then on', Number)
    .option('--retention-hours <h>', 'how long messages are kept', Number)
    .option('--retention-bytes <n>', 'how much of each partition is kept, -1 without a bound', Number)
    .option('--max-message-bytes <n>', 'the largest message', Number)
    .action(async (name: string, options: CreateOptions, command) => {
      const { out, api } = sessionOf(command, context)
      const { owner, partitions, retentionHours, retentionBytes, maxMessageBytes } = options
      const made = await api().call<{ partitions: number }>('POST', '/v1/topics', {
        name,
        owners: owner,
        partitions,
        ...(retentionHours === undefined ? {} : { retentionMs: Math.round(retentionHours * HOUR_MS) }),
        retentionBytes,
        maxMessageBytes,
      })
      out.result(made, () => `Topic ${name} with ${made.partitions} partitions is made.`)
    })

  topic
    .command('delete <name>')
    .description('delete a topic that was made with `topic create`, and all that is in it (administrators)')
    .action(async (name: string, _options, command) => {
      const { out, api } = sessionOf(command, context)
      await api().call('DELETE', `/v1/topics/${encodeURIComponent(name)}`)
      out.result({ deleted: name }, () => `Topic ${name} is deleted.`)
    })
}
