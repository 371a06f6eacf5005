// A file of a broker's folder that is there whole or as it was, for its owner alone.
import { rename, writeFile } from 'node:fs/promises'

export const writeWhole = async (file: string, text: string): Promise<void> => {
  await writeFile(`${file}.new`, text, { mode: 0o600 })
  await rename(`${file}.new`, file)
}
