// Upstreams as people read them.
import { table } from '../../output/output.ts'

export interface UpstreamGap {
  readonly partition: number
  readonly from: string
  readonly to: string
  readonly at: string
  readonly since?: string
  readonly until?: string
}

export interface UpstreamView {
  readonly upstream: string
  readonly stream: string
  readonly topic: string
  readonly bootstrap: string
  readonly registry: string | null
  readonly format: string
  readonly state: string
  readonly reason?: string
  readonly lag: { readonly alerts: number; readonly seconds: number } | null
  readonly packets: number
  readonly bytes: number
  readonly deadLetters: number
  readonly schemas: readonly number[]
  readonly gaps: readonly UpstreamGap[]
  readonly newestPacket: string | null
  readonly silent: boolean
  readonly updatedAt: string
}

export const stateText = ({ silent, state, reason, updatedAt }: UpstreamView): string => {
  if (silent) return `silent since ${updatedAt}: no process takes it; see whether the system runs`
  return reason === undefined ? state : `${state}: ${reason}`
}

export const upstreamRows = (upstreams: readonly UpstreamView[], empty: string): string =>
  table(
    ['upstream', 'stream', 'state', 'lag (alerts)', 'packets', 'gaps', 'reported'],
    upstreams.map(one => [
      one.upstream,
      one.stream,
      one.silent ? 'silent' : one.state,
      one.lag === null ? '?' : String(one.lag.alerts),
      String(one.packets),
      String(one.gaps.length),
      one.updatedAt,
    ]),
    empty,
  )

export const gapText = (
  { upstream, topic }: Pick<UpstreamView, 'upstream' | 'topic'>,
  { partition, from, to, at, since, until }: UpstreamGap,
): string => {
  const count = BigInt(to) > BigInt(from) ? `${BigInt(to) - BigInt(from)} offsets` : 'an unknown number of offsets'
  const sent = since === undefined && until === undefined ? '' : `, sent between ${since ?? '?'} and ${until ?? '?'}`
  return `${upstream}: ${count} of ${topic}, partition ${partition} from ${from} on, were gone at the survey before they were read (${at}${sent})`
}
