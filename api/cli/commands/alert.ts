// `skysieve alert`: packets out of the archive, whole, as JSON or as images, and the search for them.
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CliError, EXIT } from '../output/exit-codes.ts'
import { table } from '../output/output.ts'
import type { AddCommands } from '../context/add-commands.ts'
import { type Session, sessionOf } from '../connection/session.ts'

interface StreamOption {
  readonly stream?: string
}

interface GetOptions extends StreamOption {
  readonly packet?: boolean
  readonly history?: boolean
  readonly fields?: string
  readonly out?: string
}

interface CutoutOptions extends StreamOption {
  readonly png?: boolean
  readonly stretch?: string
  readonly colormap?: string
  readonly size?: string
  readonly out?: string
}

interface SearchOptions extends StreamOption {
  readonly limit: number
  readonly expectMatch?: boolean
  readonly [name: string]: string | number | boolean | undefined
}

interface Row {
  readonly id: string
  readonly object: string | null
  readonly visit: string | null
  readonly mjdTai: number | null
  readonly band: string | null
  readonly ra: number | null
  readonly dec: number | null
}

const PAGE = 1000
const QUERY = ['ra', 'dec', 'radius', 'since', 'until', 'band', 'object', 'visit'] as const

const base = ({ stream }: StreamOption): string =>
  stream === undefined ? '/v1/alerts' : `/v1/streams/${encodeURIComponent(stream)}/alerts`

const queryOf = (values: Readonly<Record<string, string | number | undefined>>): string => {
  const given = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}

/** Bytes into the file named, else to stdout, but not onto a terminal. */
function deliver({ context, out }: Session, bytes: Buffer, file: string | undefined, usual: string): void {
  if (file === undefined && context.stdout.isTTY !== true) {
    context.stdout.write(bytes)
    return
  }
  const path = resolve(context.directory, file ?? usual)
  writeFileSync(path, bytes)
  out.result({ file: path, bytes: bytes.length }, () => `${path}: ${bytes.length} bytes`)
}

export const addAlert: AddCommands = (program, context) => {
  const alert = program.command('alert').description('archived alerts')
  const verb = (name: string, description: string): Command =>
    alert
      .command(name)
      .description(description)
      .option('--stream <name>', 'a survey’s stream; the system’s own where absent')

  verb('get <id>', 'an alert as JSON')
    .option('--fields <names>', 'only these, separated by commas: diaSource.ra,prvDiaSources.psfFlux')
    .option('--history', 'only its lists of earlier measurements')
    .option('--packet', 'its packet as published, gzipped')
    .option('--out <file>', 'where --packet goes; stdout where that is no terminal')
    .action(async (id: string, options: GetOptions, command: Command) => {
      const session = sessionOf(command, context)
      const path = `${base(options)}/${encodeURIComponent(id)}`
      if (options.packet) {
        deliver(session, await session.api().download(path), options.out, `${id}.avro.gz`)
        return
      }
      const found = await session
        .api()
        .call<object>(
          'GET',
          options.history ? `${path}/history` : path + queryOf({ format: 'json', fields: options.fields }),
        )
      session.out.result(found, () => JSON.stringify(found, null, 2))
    })

  verb('cutout <id> <name>', 'an image of an alert: difference, science or template')
    .option('--png', 'as PNG instead of FITS')
    .option('--stretch <name>', 'of a PNG: zscale, linear, log or asinh')
    .option('--colormap <name>', 'of a PNG: gray, gray-inverted, viridis, magma or coolwarm')
    .option('--size <n>', 'of a PNG: pixels along its longer side')
    .option('--out <file>', 'where it goes; stdout where that is no terminal')
    .action(async (id: string, name: string, options: CutoutOptions, command: Command) => {
      const { png, stretch, colormap, size, out } = options
      const session = sessionOf(command, context)
      const isPng = png ?? out?.endsWith('.png') ?? false
      const query = queryOf({ format: isPng ? 'png' : 'fits', stretch, colormap, size })
      const path = `${base(options)}/${encodeURIComponent(id)}/cutouts/${encodeURIComponent(name)}`
      deliver(session, await session.api().download(path + query), out, `${id}-${name}.${isPng ? 'png' : 'fits'}`)
    })

  verb('search', 'alerts within a cone, of an object, or of a visit')
    .option('--ra <deg>', 'of the cone’s middle')
    .option('--dec <deg>', 'of the cone’s middle')
    .option('--radius <deg>', 'of the cone')
    .option('--since <time>', 'MJD (TAI) or ISO 8601; with a cone')
    .option('--until <time>', 'MJD (TAI) or ISO 8601; with a cone')
    .option('--band <band>', 'with a cone')
    .option('--object <id>', 'all alerts of an object')
    .option('--visit <id>', 'all alerts of a visit')
    .option('--limit <n>', 'stop after so many', Number, PAGE)
    .option('--expect-match', 'exit with 4 if nothing was found')
    .action(async (options: SearchOptions, command: Command) => {
      const { out, api } = sessionOf(command, context)
      const { limit, expectMatch } = options
      if (!Number.isInteger(limit) || limit < 1)
        throw new CliError('CLI_LIMIT', EXIT.usage, '--limit is a whole number from 1 on.')
      const wanted = Object.fromEntries(
        QUERY.map(name => [name, typeof options[name] === 'string' ? options[name] : undefined]),
      )
      const rows: Row[] = []
      let cursor: string | undefined
      do {
        const query = queryOf({ ...wanted, limit: Math.min(PAGE, limit - rows.length), cursor })
        const page = await api().call<{ items: Row[]; nextCursor: string | null }>('GET', base(options) + query)
        rows.push(...page.items)
        cursor = page.nextCursor ?? undefined
      } while (cursor !== undefined && rows.length < limit)
      if (cursor !== undefined) out.progress(`There are more than ${limit}; --limit gives more.`)
      out.result(rows, () =>
        table(
          ['alert', 'object', 'visit', 'MJD (TAI)', 'band', 'ra', 'dec'],
          rows.map(row => [
            row.id,
            row.object ?? '',
            row.visit ?? '',
            row.mjdTai?.toFixed(5) ?? '',
            row.band ?? '',
            row.ra?.toFixed(5) ?? '',
            row.dec?.toFixed(5) ?? '',
          ]),
          'Nothing is there.',
        ),
      )
      if (expectMatch && rows.length === 0) throw new CliError('CLI_NO_MATCH', EXIT.noMatch, 'Nothing was found.')
    })
}
