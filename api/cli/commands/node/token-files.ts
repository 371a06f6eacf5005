// Where `skysieve node add` and `replace-machine` write join tokens: new files that only their owner reads.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { CliError, EXIT } from '../../output/exit-codes.ts'

export interface TokenFile {
  readonly file: string
  readonly write: (token: string) => void
}

/**
 * Makes the files before there are tokens, so that none is made which could not be kept; then does the work. Files to which nothing was written are
 * taken away again.
 */
export async function withTokenFiles<T>(
  files: readonly string[],
  work: (opened: readonly TokenFile[]) => Promise<T>,
): Promise<T> {
  const handles = new Map<string, number>()
  const written = new Set<string>()
  try {
    for (const file of files) handles.set(file, openNew(file))
    return await work(
      [...handles].map(([file, handle]) => ({
        file,
        write: token => {
          writeSync(handle, `${token}\n`)
          written.add(file)
        },
      })),
    )
  } finally {
    for (const [file, handle] of handles) {
      closeSync(handle)
      if (!written.has(file)) rmSync(file, { force: true })
    }
  }
}

function openNew(file: string): number {
  try {
    return openSync(file, 'wx', 0o600)
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    const why = isThere ? 'it is there already, and is not written over' : (cause as Error).message
    throw new CliError('CLI_FILE', EXIT.usage, `The token cannot be written to ${file}: ${why}.`, { cause })
  }
}
