// What may outlive its process carries its maker in its name: the process's id and when it began. In come names of directories, control groups and labels, out
// go those whose maker is gone: the next start removes them, and does not take a later process with the same number for their maker.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** When a process began, in ticks since the machine did; empty when it is gone, or where there is no /proc. */
function beginningOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return 'ZX'.includes(state) ? '' : (fields[18] ?? '')
  } catch {
    return ''
  }
}

/** Names this process: `<id>-<beginning>`. */
export const ownTag = (): string => `${process.pid}-${beginningOf(process.pid)}`

/** Whether the process that a tag names is still there. */
export function ownerLives(tag: string): boolean {
  const [pid = '', beginning] = tag.split('-')
  if (existsSync('/proc/self/stat')) return beginning !== '' && beginningOf(Number(pid)) === beginning
  try {
    return process.kill(Number(pid), 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Those of `names` that are `<prefix><tag>-…` of a process that is gone. */
export const orphansAmong = (names: readonly string[], prefix: string): string[] =>
  names.filter(name => {
    const tag = name.startsWith(prefix) ? /^\d+-\d*(?=-)/.exec(name.slice(prefix.length))?.[0] : undefined
    return tag !== undefined && !ownerLives(tag)
  })

/** Makes a directory of this process below `parent`, and removes those of processes that are gone, as far as it may. */
export function makeOwnDirectory(parent: string, prefix: string): string {
  for (const name of orphansAmong(readdirSync(parent), prefix)) {
    try {
      rmSync(join(parent, name), { recursive: true, force: true })
    } catch {
      // Another user's, who will remove it.
    }
  }
  return mkdtempSync(join(parent, `${prefix}${ownTag()}-`))
}
