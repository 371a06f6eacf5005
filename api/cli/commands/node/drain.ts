// `skysieve node drain|rebalance`: filters leave a node, or are spread anew over all.
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeView } from '../../../nodes/node-view.ts'
import type { Client } from '../../connection/api-client.ts'
import { sessionOf } from '../../connection/session.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { withInterrupt } from '../../context/interrupt.ts'
import { type Output, table } from '../../output/output.ts'

const LOOK_MS = 2000

interface DrainOptions {
  readonly watch?: boolean
  readonly cancel?: boolean
}

interface Rebalance {
  readonly moves: readonly {
    readonly name: string
    readonly from: { readonly mirror: string }
    readonly to: { readonly mirror: string }
  }[]
  readonly begun: number
}

const path = (name: string): string => `/v1/nodes/${encodeURIComponent(name)}`

/** How far a drain is, in a line; the filters that it cannot move each have one more. */
export function drainText({ mirror, drain }: Pick<NodeView, 'mirror' | 'drain'>): string {
  if (drain === undefined) return `${mirror} is not drained.`
  const { left, moving, finishing, finishedAt, readable, readableUntil, stuck } = drain
  const ends = finishing === 0 ? '' : `, ${finishing} gone whose visits it finishes until ${finishedAt ?? 'soon'}`
  const goes =
    readable === 0
      ? ''
      : `\n  What ${readable} filters delivered there can be read until ${readableUntil ?? '?'}, and goes with it.`
  const head =
    left + finishing === 0
      ? `${mirror} has given all its filters away; it can be removed: skysieve node remove ${mirror}${goes}`
      : `${mirror}: ${left} filters left, ${moving} of them moving${ends}`
  return [head, ...stuck.map(({ name, why }) => `  ${name} stays: ${why}`)].join('\n')
}

/** Tells of each change until nothing is left, the drain was ended, or the caller stops watching. */
async function watchDrain(client: Client, name: string, out: Output, signal: AbortSignal): Promise<NodeView> {
  let told = ''
  for (;;) {
    const view = await client.call<NodeView>('GET', path(name))
    const text = drainText(view)
    if (text !== told) out.progress(text)
    told = text
    const { drain } = view
    if (drain === undefined || drain.left + drain.finishing === 0 || signal.aborted) return view
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined)
  }
}

export const addDrain: AddCommands = (node, context) => {
  node
    .command('drain <name>')
    .description('give a node’s filters away to the others, ten at a time')
    .option('--watch', 'tell how far it is until nothing is left; Ctrl-C ends the telling, not the drain')
    .option('--cancel', 'end a drain: what has not begun to move stays, and new filters come again')
    .action(async (name: string, { watch = false, cancel = false }: DrainOptions, command) => {
      const { out, api } = sessionOf(command, context)
      const client = api()
      const begun = await client.call<NodeView>('POST', `${path(name)}/${cancel ? 'uncordon' : 'drain'}`)
      const view =
        watch && !cancel ? await withInterrupt(context, signal => watchDrain(client, name, out, signal)) : begun
      out.result(view, () =>
        cancel ? `${name} keeps the ${view.placed} filters it has, and takes new ones.` : drainText(view),
      )
    })

  node
    .command('rebalance')
    .description('move filters to nodes that have less to do')
    .option('--dry-run', 'only say which would move')
    .action(async ({ dryRun = false }: { readonly dryRun?: boolean }, command) => {
      const { out, api } = sessionOf(command, context)
      const answer = await api().call<Rebalance>('POST', '/v1/nodes/rebalance', { dryRun })
      const { moves, begun } = answer
      const rest = dryRun
        ? ''
        : `\n${begun} of ${moves.length} begin now${begun < moves.length ? '; ask again when they have moved' : ''}.`
      out.result(answer, () =>
        moves.length === 0
          ? 'The nodes have as much to do for their cores as one another, or what could move has moved within a day.'
          : `${table(
              ['filter', 'from', 'to'],
              moves.map(({ name, from, to }) => [name, from.mirror, to.mirror]),
              '',
            )}${rest}`,
      )
    })
}
