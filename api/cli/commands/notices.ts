// `skysieve notices`: the lightweight stream as lines of JSON.
import type { BrokerAccess, Notice } from '#hub'
import { CliError, EXIT } from '../output/exit-codes.ts'
import { withInterrupt } from '../context/interrupt.ts'
import { ADMIN_USER, HUB_CA_ABOUT, HUB_CA_OPTION, hubAccess, type HubOptions } from '../local-system/local-system.ts'
import type { AddCommands } from '../context/add-commands.ts'
import { DEFAULT_STREAM } from '../context/repeated-constants.ts'
import { sessionOf } from '../connection/session.ts'

interface TailCommand extends HubOptions {
  readonly stream: string
  readonly from: string
  readonly limit?: number
  readonly follow?: boolean
}

const WAIT_MS = 500

export const addNotices: AddCommands = (program, context) => {
  program
    .command('notices')
    .description('the lightweight stream: one small record for each archived alert')
    .command('tail')
    .description('print one JSON line per notice: ids, position, time, band, flux, and where the packet is')
    .option('--stream <name>', 'a survey’s stream', DEFAULT_STREAM)
    .option('--from <place>', 'earliest or latest', 'earliest')
    .option('--limit <n>', 'stop after so many', Number)
    .option('--follow', 'wait for more, until Ctrl-C')
    .option('--bootstrap <host:port>', 'the hub’s broker')
    .option('--user <name>', 'Kafka user')
    .option(HUB_CA_OPTION, HUB_CA_ABOUT)
    .action((options: TailCommand, command) =>
      withInterrupt(context, async signal => {
        const { out } = sessionOf(command, context)
        const { noticesTopic } = await import('#hub')
        let count = 0
        for await (const notice of notices(hubAccess(options, context, ADMIN_USER), options, signal)) {
          out.line(jsonOf(notice))
          if (++count === options.limit) break
        }
        out.progress(`${count} notices read from ${noticesTopic(options.stream)}`)
      }),
    )
}

/** Ids as decimal strings: they exceed 2^53. */
const jsonOf = ({ alertId, visit, ...rest }: Notice) => ({
  alertId: String(alertId),
  visit: visit === null ? null : String(visit),
  ...rest,
})

async function* notices(
  access: BrokerAccess,
  { stream, from, follow = false }: TailCommand,
  signal: AbortSignal,
): AsyncGenerator<Notice> {
  if (from !== 'earliest' && from !== 'latest')
    throw new CliError('CLI_OPTION', EXIT.usage, `--from is earliest or latest, not ${from}.`)
  const { decodeNotice, noticesTopic, openLogReader } = await import('#hub')
  const topic = noticesTopic(stream)
  const reader = openLogReader(access, { clientId: `${access.user}.notices`, topic })
  try {
    let next: bigint | 'earliest' = from === 'latest' ? await reader.end() : 'earliest'
    while (!signal.aborted) {
      const page = await reader.read(next, follow ? WAIT_MS : 0)
      for (const { value } of page.records) yield decodeNotice(value ?? Buffer.alloc(0))
      if (!follow && page.next >= page.end) return
      next = page.next
    }
  } finally {
    await reader.close()
  }
}
