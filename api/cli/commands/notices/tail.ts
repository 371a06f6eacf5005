// One reader of a stream's notices. In: the topic, from a position. Out: lines of JSON for the notices that are wanted, their packets in a folder, and the
// position in a file, written when all that is before it is done.
import { resolve } from 'node:path'
import { type BrokerAccess, type Notice, NOTICE_SCHEMA, noticesTopic, openLogReader } from '#hub'
import { nearNames } from '#filters'
import type { Session } from '../../connection/session.ts'
import { ADMIN_USER, hubAccess, type HubOptions, localSystem } from '../../local-system/local-system.ts'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { kafkaUserFor } from '../topic/kafka-user.ts'
import { openPacketFolder, type PacketFolder } from './packet-folder.ts'
import { openTailProgress } from './tail-progress.ts'
import { type NoticePage, noticePages } from './notice-pages.ts'
import { readPosition, writePosition } from './position-file.ts'
import { compileWhere, type Fields } from './where.ts'

export interface TailOptions extends HubOptions {
  readonly stream: string
  readonly from: string
  readonly limit?: number
  readonly follow?: boolean
  readonly where?: string
  readonly fetch?: string
  readonly resume?: string
}

/** Notices whose packets are fetched before the position behind them is kept. */
const GROUP = 500

/** Reads until the limit, the end of the topic (without `follow`) or of `signal`, then says what it did. Throws CliError and HubError. */
export async function tailNotices(options: TailOptions, session: Session, signal: AbortSignal): Promise<void> {
  const { context, out } = session
  const { stream, where, follow = false, limit = Infinity } = options
  const from = startOf(options.from)
  const isWanted = where === undefined ? () => true : compileWhere(where, { fields: FIELDS, near: nearNames })
  const topic = noticesTopic(stream)
  const resume = options.resume === undefined ? undefined : resolve(context.directory, options.resume)
  const kept = resume === undefined ? undefined : readPosition(resume, topic)
  const progress = openTailProgress({ out, stderr: context.stderr })
  const folder =
    options.fetch === undefined
      ? undefined
      : openPacketFolder({
          directory: resolve(context.directory, options.fetch),
          download: path => session.api().download(path),
          tell: progress.say,
          signal,
        })
  const access = await accessOf(options, session)
  const reader = openLogReader(access, { clientId: `${access.user}.notices`, topic })
  let printed = 0
  const take = async (group: NoticePage['notices'], { end, topicId }: NoticePage): Promise<void> => {
    const wanted = group.filter(({ notice }) => isWanted(fieldsOf(notice))).slice(0, limit - printed)
    let done = printed
    for await (const [notice, file] of withPackets(wanted, folder)) {
      out.line({ ...jsonOf(notice), ...(file === undefined ? {} : { file }) })
      // Packets may take long.
      progress.read({ notices: 0, wanted: ++done, behind: end - (group[0]?.offset ?? end), ...folder?.counts() })
    }
    printed += wanted.length
    // What follows the last one that was wanted is left to the next run.
    const last = (printed >= limit ? wanted : group).at(-1)?.offset ?? -1n
    progress.read({ notices: group.length, wanted: printed, behind: end - last - 1n, ...folder?.counts() })
    if (resume !== undefined) writePosition(resume, { topic, topicId, next: last + 1n })
  }
  try {
    for await (const page of noticePages({ reader, from: kept ?? from, follow, signal, tell: progress.say })) {
      for (const group of groupsOf(page.notices)) {
        await take(group, page)
        if (printed >= limit || signal.aborted) return
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    progress.close()
    await reader.close()
    out.progress(progress.summary(topic))
  }
}

function* groupsOf(notices: NoticePage['notices']): Generator<NoticePage['notices']> {
  for (let at = 0; at < notices.length; at += GROUP) yield notices.slice(at, at + GROUP)
}

const FIELDS: readonly string[] = JSON.parse(NOTICE_SCHEMA).fields.map(({ name }: { name: string }) => name)

const fieldsOf = (notice: Notice): Fields => notice as unknown as Fields

/** Ids as decimal strings: they exceed 2^53. */
const jsonOf = (notice: Notice): object =>
  Object.fromEntries(
    Object.entries(notice).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]),
  )

/** Each notice with the file of its packet: undefined where none is fetched; without the notices whose packet is gone. */
async function* withPackets(
  wanted: NoticePage['notices'],
  folder: PacketFolder | undefined,
): AsyncGenerator<readonly [Notice, string | undefined]> {
  const notices = wanted.map(({ notice }) => notice)
  if (folder !== undefined) yield* folder.fetch(notices)
  else for (const notice of notices) yield [notice, undefined]
}

const startOf = (from: string): 'earliest' | 'latest' | number => {
  if (from === 'earliest' || from === 'latest') return from
  const timeMs = Date.parse(from)
  if (Number.isNaN(timeMs))
    throw new CliError(
      'CLI_OPTION',
      EXIT.usage,
      `--from is earliest, latest or a time such as 2026-12-01T02:30Z, not ${from}.`,
    )
  return timeMs
}

/** As the options say, as the administrator of the system here, or as the account's own Kafka user. */
const accessOf = async (options: TailOptions, session: Session): Promise<BrokerAccess> => {
  const { context } = session
  const isNamed = options.bootstrap !== undefined || options.user !== undefined
  if (isNamed || localSystem(context.directory) !== undefined) return hubAccess(options, context, ADMIN_USER)
  const name = noticesTopic(options.stream)
  return kafkaUserFor(session.api(), { name, mirror: undefined, query: '' }, session)
}
