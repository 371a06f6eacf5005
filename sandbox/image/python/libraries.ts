// What a Python filter may import, for people to read: name and version of each library of the image.
import { readFileSync } from 'node:fs'

export interface Library {
  readonly name: string
  readonly version: string
}

/** The interpreter's version line; the image has the last of it that Debian 12 has. */
export const PYTHON_VERSION = '3.11'

/** Libraries of the image, in alphabetical order, from the same file that installs them. */
export function pythonLibraries(): Library[] {
  const text = readFileSync(new URL('./requirements.txt', import.meta.url), 'utf8')
  return [...text.matchAll(/^([\w-]+)==(\S+)/gm)].map(([, name = '', version = '']) => ({ name, version }))
}
