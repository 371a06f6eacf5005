// `skysieve dead-letters`: packets that could not be read, of the hub and of every node.
import type { AddCommands } from '../context/add-commands.ts'
import type { Client } from '../connection/api-client.ts'
import { CliError, EXIT } from '../output/exit-codes.ts'
import { table } from '../output/output.ts'
import { sessionOf } from '../connection/session.ts'
import type { NodeView } from '../../nodes/node-view.ts'

interface Letter {
  readonly broker: string
  readonly offset: string
  readonly reason: string
  readonly message: string
  readonly source: string | null
  readonly stream: string | null
  readonly schemaId: number | null
  readonly time: string
  readonly bytes: number
  readonly head: string
}

interface Page {
  readonly items: Letter[]
  readonly nextCursor: string | null
}

const HUB = 'hub'
const PAGE = 100

/** `hub/12` → broker and offset. */
const placeOf = (wanted: string): string => {
  const [broker = '', offset = '', ...rest] = wanted.split('/')
  if (broker === '' || !/^\d+$/.test(offset) || rest.length > 0)
    throw new CliError('CLI_OPTION', EXIT.usage, `“${wanted}” names no dead letter; write BROKER/OFFSET, as in hub/12.`)
  return `${encodeURIComponent(broker)}/${offset}`
}

const brokersOf = async (client: Client, wanted: string | undefined): Promise<readonly string[]> => {
  if (wanted !== undefined) return [wanted]
  const { items } = await client.call<{ items: readonly Pick<NodeView, 'mirror' | 'bootstrap'>[] }>('GET', '/v1/nodes')
  // One that has not joined yet has no broker.
  return [HUB, ...items.flatMap(({ mirror, bootstrap }) => (bootstrap === null ? [] : mirror))]
}

/** The newest letters of a broker that fit, newest first. */
const lettersOf = async (
  client: Client,
  broker: string,
  { limit, reason }: { readonly limit: number; readonly reason?: string | undefined },
): Promise<Letter[]> => {
  const found: Letter[] = []
  for (let cursor: string | null = ''; cursor !== null && found.length < limit;) {
    const query = new URLSearchParams({ broker, limit: String(PAGE), ...(cursor === '' ? {} : { cursor }) })
    const page: Page = await client.call('GET', `/v1/dead-letters?${query.toString()}`)
    found.push(...page.items.filter(letter => reason === undefined || letter.reason === reason))
    cursor = page.nextCursor
  }
  return found.slice(0, limit)
}

/** Bytes as people look at them: hexadecimal, and what is printable of them. */
const dump = (head: string): string =>
  (head.match(/.{1,32}/g) ?? [])
    .map(line => {
      const bytes = Buffer.from(line, 'hex')
      const text = [...bytes].map(byte => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('')
      return `  ${(line.match(/../g) ?? []).join(' ').padEnd(48)} ${text}`
    })
    .join('\n')

const describe = (letter: Letter): string =>
  [
    `${letter.broker}/${letter.offset}: ${letter.reason}`,
    `  ${letter.message}`,
    `  from    ${letter.source ?? 'unknown'}`,
    `  aside   ${letter.time}`,
    `  packet  ${letter.bytes} bytes, schema ${letter.schemaId ?? 'unknown: no frame'}`,
    dump(letter.head),
  ].join('\n')

const numberOf = (text: string): number => {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1)
    throw new CliError('CLI_OPTION', EXIT.usage, `--limit is a whole number from 1, not ${text}.`)
  return number
}

export const addDeadLetters: AddCommands = (program, context) => {
  const letters = program
    .command('dead-letters')
    .description('packets that could not be read, and what to do with them (administrators)')

  letters
    .command('list')
    .description('the newest, of the hub and of every node')
    .option('--broker <name>', 'only of this one: hub, or a node')
    .option('--reason <code>', 'only with this reason, e.g. HUB_SCHEMA_UNKNOWN')
    .option('--limit <n>', 'of each broker at most', numberOf, 20)
    .action(async ({ broker, reason, limit }: { broker?: string; reason?: string; limit: number }, command) => {
      const { out, api } = sessionOf(command, context)
      const client = api()
      const names = await brokersOf(client, broker)
      const found = (await Promise.all(names.map(name => lettersOf(client, name, { limit, reason })))).flat()
      out.result(found, () =>
        table(
          ['letter', 'time', 'reason', 'schema', 'bytes', 'source'],
          found.map(letter => [
            `${letter.broker}/${letter.offset}`,
            letter.time,
            letter.reason,
            letter.schemaId === null ? '' : String(letter.schemaId),
            String(letter.bytes),
            letter.source ?? '',
          ]),
          'No dead letters: every packet could be read.',
        ),
      )
    })

  letters
    .command('show <letter>')
    .description('why it could not be read, where it came from, and its first bytes; BROKER/OFFSET, as in hub/12')
    .option('--out <file>', 'write the whole packet there')
    .action(async (wanted: string, { out: file }: { out?: string }, command) => {
      const { out, api } = sessionOf(command, context)
      const letter = await api().call<Letter & { packet: string }>('GET', `/v1/dead-letters/${placeOf(wanted)}`)
      if (file !== undefined) {
        const { writeFile } = await import('node:fs/promises')
        await writeFile(file, Buffer.from(letter.packet, 'base64'))
        out.progress(`${letter.bytes} bytes written to ${file}`)
      }
      // The packet is in the file then.
      out.result(file === undefined ? letter : { ...letter, packet: undefined }, () => describe(letter))
    })

  letters
    .command('retry [letter]')
    .description('send it into its stream again, once what was wrong is mended, e.g. its schema registered')
    .option('--all', 'all that have the reason')
    .option('--broker <name>', 'with --all: whose; the hub’s where absent')
    .option('--reason <code>', 'with --all: which', 'HUB_SCHEMA_UNKNOWN')
    .option('--limit <n>', 'with --all: at most', numberOf, 1000)
    .action(
      async (
        wanted: string | undefined,
        { all, broker, reason, limit }: { all?: boolean; broker?: string; reason: string; limit: number },
        command,
      ) => {
        const { out, api } = sessionOf(command, context)
        const client = api()
        if ((wanted === undefined) === (all !== true))
          throw new CliError('CLI_OPTION', EXIT.usage, 'Name one dead letter, as in hub/12, or give --all.')
        const places =
          wanted === undefined
            ? (await lettersOf(client, broker ?? HUB, { limit, reason })).map(
                letter => `${letter.broker}/${letter.offset}`,
              )
            : [wanted]
        // Oldest first, as they came.
        for (const place of places.toReversed()) {
          await client.call('POST', `/v1/dead-letters/${placeOf(place)}/retry`)
          out.progress(`${place} is sent again`)
        }
        out.result({ sent: places.length }, () => `${places.length} packets were sent again.`)
      },
    )
}
