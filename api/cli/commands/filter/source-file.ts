// A filter's file as its author wrote it; the name's ending tells the language.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Language } from '#filters'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { languageOf } from '../../context/repeated-constants.ts'

export interface SourceFile {
  readonly source: string
  readonly language: Language
}

/** @throws CliError CLI_FILE_UNREADABLE or CLI_LANGUAGE_UNKNOWN */
export async function readSource(directory: string, file: string): Promise<SourceFile> {
  const language = languageOf(file)
  if (language === undefined) {
    throw new CliError('CLI_LANGUAGE_UNKNOWN', EXIT.usage, `The name of ${file} must end in .js, .mjs, .ts or .py.`)
  }
  try {
    return { source: readFileSync(resolve(directory, file), 'utf8'), language }
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT' ? 'is not there' : 'cannot be read'
    throw new CliError('CLI_FILE_UNREADABLE', EXIT.usage, `The file ${file} ${why}.`, { cause })
  }
}
