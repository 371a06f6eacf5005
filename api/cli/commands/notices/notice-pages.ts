// Notices by position. A broker that is away is waited for; what retention has taken before it was read is said.
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeNotice, HubError, type LogReader, type Notice } from '#hub'

export interface NoticePage {
  readonly notices: readonly { readonly offset: bigint; readonly notice: Notice }[]
  /** Where the topic ended when it was read. */
  readonly end: bigint
  /** A topic made anew under its old name has another identity. */
  readonly topicId: string
}

/** Where a former run was. */
interface KeptPosition {
  readonly topicId: string
  readonly next: bigint
}

export interface NoticePagesOptions {
  readonly reader: LogReader
  /** A time in milliseconds since 1970, or where a former run ended. */
  readonly from: 'earliest' | 'latest' | number | KeptPosition
  /** Waits for more at the end, and for a broker that is away. */
  readonly follow: boolean
  readonly signal: AbortSignal
  readonly tell: (text: string) => void
}

const WAIT_MS = 500
const AGAIN_MS = 1000

/** Pages in order, none of them empty, until the end of the topic or of `signal`. Throws HubError. */
export async function* noticePages(options: NoticePagesOptions): AsyncGenerator<NoticePage> {
  const { reader, from, follow, signal, tell } = options
  const kept = typeof from === 'object' ? from : undefined
  let next = await startOf(reader, from)
  let isAway = false
  let isFirst = true
  while (!signal.aborted) {
    let page: Awaited<ReturnType<LogReader['read']>>
    try {
      page = await reader.read(next, follow ? WAIT_MS : 0)
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      if (error.code === 'HUB_OFFSET_GONE') {
        next = await behindGap(reader, next, tell)
        continue
      }
      if (!follow || error.code !== 'HUB_UNREACHABLE') throw error
      if (!isAway) tell(`${error.message}; waiting for it`)
      isAway = true
      await sleep(AGAIN_MS, undefined, { signal })
      continue
    }
    isAway = false
    const { topicId, end, records } = page
    if (isFirst && kept !== undefined && topicId !== kept.topicId) {
      tell('the topic was made anew since the position was kept: reading it from its beginning')
      isFirst = false
      next = await reader.positionAt('earliest')
      continue
    }
    isFirst = false
    if (records.length > 0)
      yield {
        notices: records.map(({ offset, value }) => ({ offset, notice: decodeNotice(value ?? Buffer.alloc(0)) })),
        end,
        topicId,
      }
    if (!follow && page.next >= end) return
    next = page.next
  }
}

const startOf = async (reader: LogReader, from: NoticePagesOptions['from']): Promise<bigint> => {
  if (typeof from === 'object') return from.next
  return from === 'latest' ? reader.end() : reader.positionAt(from)
}

/** Where the topic begins now, having said what is missing before it. */
const behindGap = async (reader: LogReader, wanted: bigint, tell: (text: string) => void): Promise<bigint> => {
  const begin = await reader.positionAt('earliest')
  tell(
    begin > wanted
      ? `GAP: the topic no longer keeps positions ${wanted} to ${begin - 1n}: up to ${begin - wanted} notices were not read; going on at ${begin}`
      : `the topic ends before position ${wanted}: it was made anew, and is read from its beginning`,
  )
  return begin
}
