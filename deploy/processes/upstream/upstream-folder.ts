// The upstreams an operator has added: a file each, as `skysieve upstream add` writes them.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseUpstream, UPSTREAM_NAME, type UpstreamSettings } from '#hub'

/** A file of the folder. One that cannot be used is one with a problem. */
export interface UpstreamFile {
  /** What it holds: another text is another upstream. */
  readonly text: string
  readonly settings?: UpstreamSettings
  readonly problem?: string
}

const fileOf = (text: string): UpstreamFile => {
  try {
    return { text, settings: parseUpstream(text) }
  } catch (error) {
    return { text, problem: error instanceof Error ? error.message : String(error) }
  }
}

/** By name; none where there is no folder. What is being written has another ending. Throws where the folder or a file cannot be read. */
export const upstreamsIn = async (dir: string): Promise<ReadonlyMap<string, UpstreamFile>> => {
  const files = await readdir(dir).catch((error: unknown): string[] => {
    if (isMissing(error)) return []
    throw error
  })
  const found = new Map<string, UpstreamFile>()
  for (const file of files.toSorted()) {
    const name = file.replace(/\.json$/, '')
    if (name === file || !UPSTREAM_NAME.test(name)) continue
    // It may have been removed in between.
    const text = await readFile(join(dir, file), 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return undefined
      throw error
    })
    if (text !== undefined) found.set(name, fileOf(text))
  }
  return found
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
