// The files of a checkout that differ from a commit: in later commits, in the working tree, or not tracked yet.
import { execFileSync } from 'node:child_process'

const MAIN = 'main'

const git = (...args: readonly string[]): string[] =>
  execFileSync('git', args, { encoding: 'utf8' })
    .split('\n')
    .filter(line => line !== '')

/** Where this branch left main; on main, and where there is none, the last commit. */
const usualBase = (): string => {
  const [branch] = git('branch', '--show-current')
  if (branch === MAIN || git('branch', '--list', MAIN).length === 0) return 'HEAD'
  return git('merge-base', MAIN, 'HEAD')[0] ?? 'HEAD'
}

/** Paths from the root of files that are there; what was deleted is not. Throws where git does not know `base`. */
export const changedFiles = (base = usualBase()): string[] => [
  ...git('diff', '--name-only', '--diff-filter=d', base),
  ...git('ls-files', '--others', '--exclude-standard'),
]
