// A filter by the name its author gave it, or by its id.
import type { Client } from '../../connection/api-client.ts'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import type { FilterView } from '../../../http/answers/filter-views.ts'

/** @throws CliError CLI_FILTER_UNKNOWN */
export async function findFilter(client: Client, nameOrId: string): Promise<FilterView> {
  const [named] = await client.list<FilterView>(`/v1/filters?name=${encodeURIComponent(nameOrId)}`)
  if (named) return client.call('GET', `/v1/filters/${named.id}`)
  if (/^f[0-9a-z]{10}$/.test(nameOrId)) return client.call('GET', `/v1/filters/${nameOrId}`)
  throw new CliError(
    'CLI_FILTER_UNKNOWN',
    EXIT.usage,
    `You have no filter “${nameOrId}”. \`skysieve filter list\` shows yours.`,
  )
}
