// `--wait`: follows a submission through its stages until it delivers, or until it is clear that it will not.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../../connection/api-client.ts'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import type { Output } from '../../output/output.ts'
import type { FilterView } from '../../../http/answers/filter-views.ts'

const ASK_EVERY_MS = 300

const waiting = ({ status, waitsFor = status?.waitsFor }: FilterView): string =>
  waitsFor === undefined ? '' : `: ${waitsFor}`

/** The filter once it is live. Throws CliError when it is rejected, suspended or late. */
export async function waitUntilLive(
  client: Client,
  submitted: FilterView,
  out: Output,
  timeoutS: number,
  signal: AbortSignal | undefined,
): Promise<FilterView> {
  const deadline = Date.now() + timeoutS * 1000
  let shown = ''
  for (;;) {
    const view = await client.call<FilterView>('GET', `/v1/filters/${submitted.id}`)
    if (view.stage !== shown) out.progress(view.stage)
    shown = view.stage
    // A filter with a lane of its own catches up for as long as it is slower than the stream: it runs.
    if (view.stage === 'live' || view.stage === 'catching-up' || view.stage === 'paused') return view
    if (view.stage === 'rejected') {
      const message = `${view.name} was rejected: ${view.problems[0]?.message ?? 'no reason is given'}.`
      throw new CliError('API_SOURCE_REJECTED', EXIT.filterFault, message, { problems: view.problems })
    }
    if (view.stage === 'suspended' || view.stage === 'failed') {
      throw new CliError(
        'CLI_FILTER_SUSPENDED',
        EXIT.filterFault,
        `${view.name} is ${view.stage}: ${view.status?.reason ?? 'no reason is given'}.`,
      )
    }
    if (Date.now() > deadline) {
      throw new CliError(
        'CLI_WAIT_TIMEOUT',
        EXIT.ourFault,
        `${view.name} is still ${view.stage} after ${timeoutS} s${waiting(view)}. \`skysieve filter show ${view.id}\` tells more; it goes on by itself.`,
      )
    }
    await sleep(ASK_EVERY_MS, undefined, signal ? { signal } : {})
  }
}
