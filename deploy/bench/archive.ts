// The archive, written and read: how many alerts a second go in (hub/bench/archive-writing.ts) and how fast they come out over HTTP
// (api/bench/reading.ts), one after the other. Options: --packets 2000 to write, --seconds 5 for each part of reading, --alerts 300 to read, --no-reading.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { PACKET_ENV } from '#hub'
import { ROOT } from '../paths.ts'
import { measureArchiveReading } from './archive-reading.ts'

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '5' },
    alerts: { type: 'string', default: '300' },
    'no-reading': { type: 'boolean', default: false },
  },
})

const { stdout } = await promisify(execFile)(
  process.execPath,
  [join(ROOT, 'hub/bench/archive-writing.ts'), '--packets', values.packets],
  { env: { ...process.env, ...PACKET_ENV } },
)
const writing: object = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}')
const reading = values['no-reading']
  ? {}
  : await measureArchiveReading({ seconds: Number(values.seconds), alerts: Number(values.alerts) })
console.log(JSON.stringify({ ...writing, ...reading, bench: 'archive' }))
