// Where programs of the machine are found.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Folders programs are looked for in; the last three are not on every user's PATH. */
export const searchPath = (path: string | undefined): readonly string[] => [
  ...new Set([
    ...(path ?? '').split(delimiter).filter(folder => folder !== ''),
    '/usr/sbin',
    '/sbin',
    '/usr/local/sbin',
  ]),
]

/** The program's file, or undefined. */
export const findProgram = (folders: readonly string[], name: string): string | undefined =>
  folders
    .map(folder => join(folder, name))
    .find(file => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
