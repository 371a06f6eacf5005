// What the READMEs tell a reader to type, run in a folder with a started system: each line by a shell, as it stands, with the files that
// the blocks before it name.
import { spawn } from 'node:child_process'
import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseReadme } from '../checks/readme.ts'
import { read } from '../checks/tree.ts'
import { ROOT } from '../paths.ts'
import { ENVIRONMENT } from './config.ts'
import { type RunningSystem } from './running-system.ts'

/** Ended as a reader ends them once they have shown something. */
const ENDLESS = /topic consume (?!.*--(limit|idle))|--follow/
/** More records than a small system has soon. */
const LIMIT = /--limit \d{3,}/
const FILE_NAME = /^(?:\/\/|#) ([\w-]+\.(?:js|ts|py))\n/

/** Lines of shell blocks that run the command line. */
export const readmeCommands = (file: string): string[] =>
  parseReadme(read(file))
    .blocks.filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.split('\n').map(line => line.replace(/\s#.*$/, '').trim()))
    .filter(line => line.startsWith('npx skysieve '))

/** A folder as a reader's: the system's data directory in it as `.skysieve`, and the filters whose blocks name a file. */
export const readersFolder = (system: RunningSystem, file: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'skysieve-reader-'))
  symlinkSync(system.dataDir, join(folder, '.skysieve'))
  for (const { text } of parseReadme(read(file)).blocks) {
    const name = FILE_NAME.exec(text)?.[1]
    if (name !== undefined) writeFileSync(join(folder, name), text)
  }
  // `npx` finds what is installed in a reader's folder; here that is this checkout.
  const npx = join(folder, 'npx')
  writeFileSync(npx, `#!/bin/sh\nshift\nexec node ${join(ROOT, 'deploy/bin/skysieve.mjs')} "$@"\n`, { mode: 0o755 })
  return folder
}

/** Runs a line; resolves with its exit code and what it printed. `alert` stands for ID. */
export const runLine = (
  system: RunningSystem,
  folder: string,
  line: string,
  alert: string,
): Promise<{ readonly code: number | null; readonly output: string }> => {
  const command = line.replace(/\bID\b/, alert).replace(LIMIT, '--limit 100')
  const child = spawn('sh', ['-c', `exec ${command}`], {
    cwd: folder,
    env: {
      ...ENVIRONMENT,
      PATH: `${folder}:${ENVIRONMENT['PATH'] ?? ''}`,
      SKYSIEVE_URL: system.apiUrl,
      SKYSIEVE_TOKEN: system.secrets.adminToken,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  if (ENDLESS.test(command)) child.stdout.once('data', () => child.kill('SIGINT'))
  return new Promise(resolve => child.once('close', code => resolve({ code, output })))
}
