// What the command line repeats of other folders, because loading these takes longer than a short command; a test compares.
import type { Language } from '#filters'

export const DEFAULT_STREAM = 'lsst'

/** The language of a source file by its ending; undefined for other files. */
export const languageOf = (fileName: string): Language | undefined => {
  if (fileName.endsWith('.ts')) return 'typescript'
  if (fileName.endsWith('.js') || fileName.endsWith('.mjs')) return 'javascript'
  return fileName.endsWith('.py') ? 'python' : undefined
}
