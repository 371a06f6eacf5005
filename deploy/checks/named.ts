// Are the paths and commands that a README names there? Its own files, npm's scripts, benches, and the verbs of the command line.
import { existsSync } from 'node:fs'
import { basename, dirname, join, matchesGlob, normalize } from 'node:path'
import { Writable } from 'node:stream'
import { processContext, runCli } from '#cli'
import { BENCHES } from '../setup/purposes.ts'
import { START_USAGE } from '../start/layout/usage.ts'
import { anchorsOf, codeSpans, commandsOf, linkTargets, parseReadme, type Readme } from './readme.ts'
import { filesUnder, folderOf, read, ROOT } from './tree.ts'

const SOURCE = /\.(ts|mjs|py|md|lock|html|css)$/
const PATH = /^(\.\.?\/)*[\w.*-]+(\/[\w.*-]+)*\/?$/
/** Folders of a data directory, of which READMEs tell too. */
const OF_DATA = /^(config|logs|redis|engine|tls|node1)\/$|^(\.\/)?(node_modules|\.cache|\.skysieve)(\/|$)/

const isThere = (path: string): boolean => existsSync(join(ROOT, path))

/** From a file's folder and each one above it: READMEs name files as their folder does, or from the root. */
const isThereFrom = (folder: string, path: string): boolean => {
  const candidate = normalize(join(folder, path))
  if (path.includes('*')) {
    const top = folderOf(candidate)
    if (isThere(top) && filesUnder(top).some(name => matchesGlob(name, candidate))) return true
  } else if (isThere(candidate)) return true
  return folder !== '.' && isThereFrom(dirname(folder), path)
}

const isPathMissing = (file: string, path: string): boolean => {
  const folder = dirname(file)
  if (!PATH.test(path) || OF_DATA.test(path)) return false
  const parts = path.replace(/\/$/, '').split('/')
  if (parts.length > 1 && SOURCE.test(path)) return !isThereFrom(folder, path)
  if (parts.length > 1) return isThereFrom(folder, parts[0]!) && !isThereFrom(folder, path)
  if (path.endsWith('/')) return !isThereFrom(folder, path)
  // A bare file name may be anywhere in the README's top folder; the one at the root tells users of files of their own.
  if (!/\.(ts|mjs)$/.test(path) || folder === '.') return false
  return !filesUnder(folderOf(file)).some(name => matchesGlob(basename(name), path))
}

/** Paths in backticks and targets of links that lead nowhere. */
export const missingPaths = (file: string, readme: Readme): string[] => {
  const links = linkTargets(readme).filter(target => {
    const [path = '', anchor] = target.split('#')
    const aim = path === '' ? file : normalize(join(dirname(file), path))
    if (!isThere(aim)) return true
    return anchor !== undefined && aim.endsWith('.md') && !anchorsOf(parseReadme(read(aim))).includes(anchor)
  })
  const spans = codeSpans(readme).filter(span => isPathMissing(file, span))
  return [...spans, ...links].map(name => `there is no ${name}`)
}

const scripts: Readonly<Record<string, string>> = JSON.parse(read('package.json')).scripts

/** Operands of `vitest` and of the scripts that run it: they are folders or files. */
const missingOperands = (words: readonly string[]): string[] =>
  words.filter((word, at) => !word.startsWith('-') && !words[at - 1]?.startsWith('--') && !isThere(word))

const npmProblems = (words: readonly string[]): string[] => {
  const [verb = '', script = '', ...rest] = words
  if (['start', 'test'].includes(verb)) return startProblems(verb, words.slice(1))
  if (verb !== 'run') return verb === 'ci' ? [] : [`npm ${verb} is not used here`]
  if (scripts[script] === undefined) return [`there is no npm run ${script}`]
  if (script.startsWith('test:')) return missingOperands(rest.filter(word => word !== '--'))
  const [dashes, name = ''] = rest
  if (script === 'bench' && dashes === '--' && /^[a-z]/.test(name) && BENCHES[name] === undefined)
    return [`there is no bench ${name}`]
  return []
}

const startProblems = (command: string, words: readonly string[]): string[] =>
  command === 'start' ? missingOptions('skysieve start', START_USAGE, words) : []

const missingOptions = (command: string, help: string, words: readonly string[]): string[] =>
  words
    .map(word => word.replace(/^\[/, '').replace(/[\]=].*$/, ''))
    .filter(word => /^--[a-z]/.test(word) && word !== '--help' && !new RegExp(`${word}\\b`).test(help))
    .map(option => `${command} has no option ${option}`)

const helps = new Map<string, Promise<string>>()

const helpOf = (words: readonly string[]): Promise<string> => {
  const key = words.join(' ')
  const known = helps.get(key)
  if (known !== undefined) return known
  let text = ''
  const stdout = new Writable({ write: (part: Buffer, _, done) => ((text += part.toString()), done()) })
  const help = runCli([...words, '--help'], { ...processContext(), stdout, stderr: stdout }).then(() => text)
  helps.set(key, help)
  return help
}

/** The names under "Commands:" of a help text. */
const verbsIn = (help: string): string[] =>
  [...(help.split('\nCommands:\n')[1] ?? '').matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = '']) => name)

const cliProblems = async (words: readonly string[]): Promise<string[]> => {
  if (words[0] === 'start' || words[0] === 'test') return startProblems(words[0], words)
  const named: string[] = []
  let help = await helpOf([])
  for (const word of words) {
    const verbs = verbsIn(help)
    if (verbs.length === 0) break
    if (word.includes('|') && word.split('|').every(verb => verbs.includes(verb))) return []
    if (!verbs.includes(word))
      // A noun in capitals, or none, stands for any.
      return /^[a-z]/.test(word) ? [`there is no skysieve ${[...named, word].join(' ')}`] : []
    named.push(word)
    help = await helpOf(named)
  }
  return missingOptions(`skysieve ${named.join(' ')}`, help, words)
}

/** Commands in backticks and shell blocks that would be refused. */
export const missingCommands = async (readme: Readme): Promise<string[]> => {
  const problems = commandsOf(readme).map(async command => {
    const words = command.replace(/^npx /, '').split(/\s+/)
    if (words[0] === 'npm') return npmProblems(words.slice(1))
    if (words[0] === 'vitest') return missingOperands(words.slice(2))
    return words[0] === 'skysieve' && words.length > 1 ? cliProblems(words.slice(1)) : []
  })
  return (await Promise.all(problems)).flat()
}
