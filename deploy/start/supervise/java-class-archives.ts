// Java class archives: a broker starts in 2 s instead of 8 with one (2 cores, Java 17). The first system on a machine lists the classes
// it loads; once it runs, the archives are made from the lists at the lowest priority, for all later starts.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tryCommand } from '../../setup/run-command.ts'
import { type Command } from './child-process.ts'

/** Let the first alerts pass before the disk and a core are taken. */
const QUIET_MS = 20_000

export type JavaProgram = 'broker' | 'mirror-maker'

export interface ClassArchives {
  /** The command with what makes it start faster, or what lists its classes. One process of a kind lists them. */
  readonly speedUp: (program: JavaProgram, command: Command, lists: boolean) => Command
  /** Makes the archives that are missing; to be called when the system runs. Ends early by the signal. */
  readonly build: (signal: AbortSignal) => Promise<void>
}

/** Archives for these jars and this Java; another Java or other jars have archives of their own. */
export const openClassArchives = async (cacheDir: string, jars: string): Promise<ClassArchives> => {
  const { output } = await tryCommand('java', ['-version'])
  const key = createHash('sha256').update(output).update(jars).digest('hex').slice(0, 12)
  const dir = join(cacheDir, 'class-archives')
  mkdirSync(dir, { recursive: true })
  const archiveOf = (program: JavaProgram): string => join(dir, `${program}-${key}.jsa`)
  const listOf = (program: JavaProgram): string => join(dir, `${program}-${key}.${process.pid}.classes`)

  const build = async (program: JavaProgram, signal: AbortSignal): Promise<void> => {
    const archive = archiveOf(program)
    const list = listOf(program)
    if (existsSync(archive) || !existsSync(list)) return
    const aside = `${archive}.${process.pid}`
    const flags = ['-Xshare:dump', `-XX:SharedClassListFile=${list}`, `-XX:SharedArchiveFile=${aside}`, '-XX:+UseG1GC']
    const bound = [
      '--pdeathsig',
      'KILL',
      '--',
      'nice',
      '-n',
      '19',
      'java',
      ...flags,
      '-Xlog:disable',
      '-cp',
      join(jars, '*'),
    ]
    const { code } = await tryCommand('setpriv', bound, { signal })
    // Without one, starts stay as slow as the first: nothing to fail for.
    if (code === 0 && existsSync(aside)) renameSync(aside, archive)
    for (const file of [aside, list]) rmSync(file, { force: true })
  }

  return {
    speedUp: (program, command, lists) => {
      if (existsSync(archiveOf(program))) return withFlag(command, `-XX:SharedArchiveFile=${archiveOf(program)}`)
      return lists ? withFlag(command, `-XX:DumpLoadedClassList=${listOf(program)}`) : command
    },
    build: async signal => {
      await sleep(QUIET_MS, undefined, { signal }).catch(() => undefined)
      for (const program of ['broker', 'mirror-maker'] as const) if (!signal.aborted) await build(program, signal)
    },
  }
}

/** A flag of the JVM, right behind the program. */
const withFlag = (command: Command, flag: string): Command => {
  const java = command.command.endsWith('java') ? -1 : command.args.indexOf('java')
  return { ...command, args: [...command.args.slice(0, java + 1), flag, ...command.args.slice(java + 1)] }
}
