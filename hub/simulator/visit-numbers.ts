// Which synthetic visits were played: the number of the next one, on disk before its first packet leaves, so that no id comes twice.
import { open, readFile, rename } from 'node:fs/promises'
import { HubError } from '../errors.ts'

export interface VisitNumbers {
  /** The first number that was never played. */
  readonly next: number
  /** Marks a number as used; resolves when that is on disk. */
  take(visitNumber: number): Promise<void>
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

const read = async (path: string): Promise<number> => {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return 0
    throw error
  }
  const [, digits] = /^\{"nextVisit":(\d{1,15})\}\s*$/.exec(text) ?? []
  if (digits === undefined)
    throw new HubError(
      'HUB_PLAY_STATE_INVALID',
      `${path} does not hold a visit's number; delete it only with the data directory, or visits are played twice`,
    )
  return Number(digits)
}

/** Opens the state at a path; a missing file means that nothing was played. Throws HubError HUB_PLAY_STATE_INVALID. */
export const openVisitNumbers = async (path: string): Promise<VisitNumbers> => ({
  next: await read(path),
  take: async visitNumber => {
    const unfinished = `${path}.unfinished`
    const file = await open(unfinished, 'w', 0o600)
    try {
      await file.writeFile(`{"nextVisit":${visitNumber + 1}}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  },
})
