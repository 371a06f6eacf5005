// Writes a file of a broker's folder whole or not at all, readable by its owner alone.
import { rename, writeFile } from 'node:fs/promises'

export const writeAtomically = async (file: string, text: string): Promise<void> => {
  await writeFile(`${file}.new`, text, { mode: 0o600 })
  await rename(`${file}.new`, file)
}
