// Rules on the text of a README, without the file system: how long its lines, paragraphs and it itself may be, and what it names.

export const MAX_COLUMNS = 110
export const MAX_TABLE_COLUMNS = 200
export const MAX_SENTENCES = 5
/** Of a README of a folder; measured tables of a bench and the page for users may be longer. */
export const MAX_README_LINES = 120
/** Rows of the table that says where to begin. */
export const MIN_BEGINNINGS = 8

export interface CodeBlock {
  /** `sh`, `js`, `mermaid`, …; empty where none is given. */
  readonly language: string
  readonly text: string
  /** Of its first line, from 1. */
  readonly line: number
}

export interface Readme {
  readonly lines: readonly string[]
  /** Its lines outside of code blocks; those inside are empty here, so that numbers stay. */
  readonly prose: readonly string[]
  readonly blocks: readonly CodeBlock[]
}

const FENCE = /^\s*```(\w*)/

export const parseReadme = (text: string): Readme => {
  const lines = text.replace(/\n$/, '').split('\n')
  const blocks: CodeBlock[] = []
  let open: { language: string; line: number; text: string[] } | undefined
  const prose = lines.map((line, at) => {
    const fence = FENCE.exec(line)
    if (open === undefined) {
      if (fence === null) return line
      open = { language: fence[1] ?? '', line: at + 2, text: [] }
    } else if (fence === null) open.text.push(line)
    else {
      blocks.push({ ...open, text: open.text.join('\n') })
      open = undefined
    }
    return ''
  })
  return { lines, prose, blocks }
}

const isTable = (line: string): boolean => line.trimStart().startsWith('|')
const isHeading = (line: string): boolean => /^#{1,6} /.test(line)
const isItem = (line: string): boolean => /^\s*([-*+]|\d+\.)\s/.test(line)

/** Lines that are too long, not counting where links lead. */
export const longLines = ({ prose }: Readme): string[] =>
  prose.flatMap((line, at) => {
    const shown = line.replaceAll(/\]\([^)]*\)/g, ']').trimEnd()
    const most = isTable(line) ? MAX_TABLE_COLUMNS : MAX_COLUMNS
    return shown.length > most ? [`line ${at + 1} has ${shown.length} columns of ${most}`] : []
  })

interface Paragraph {
  readonly line: number
  readonly text: string
}

/** Texts between blank lines; an item of a list is one of its own, headings and tables are none. */
export const paragraphs = ({ prose }: Readme): Paragraph[] => {
  const found: { line: number; text: string }[] = []
  let last: { line: number; text: string } | undefined
  for (const [at, line] of prose.entries()) {
    if (line.trim() === '' || isTable(line) || isHeading(line)) last = undefined
    else if (last === undefined || isItem(line)) found.push((last = { line: at + 1, text: line.trim() }))
    else last.text += ` ${line.trim()}`
  }
  return found
}

const ABBREVIATION = /\b(?:e\.g|i\.e|vs|cf|etc|approx|no)\./gi

export const sentences = (text: string): number => {
  const plain = text
    .replaceAll(/`[^`]*`/g, 'X')
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(ABBREVIATION, 'X')
  const ends = plain.match(/[.!?][)”"’*_]*(?=\s+[(“"‘*_]*[\p{Lu}\d])/gu)?.length ?? 0
  return ends + 1
}

export const longParagraphs = (readme: Readme): string[] =>
  paragraphs(readme)
    .map(({ line, text }) => ({ line, count: sentences(text) }))
    .filter(({ count }) => count > MAX_SENTENCES)
    .map(({ line, count }) => `the paragraph at line ${line} has ${count} sentences of ${MAX_SENTENCES}`)

/** The rows of the first table after the words "begin at", its head and rule aside. */
export const beginnings = ({ prose }: Readme): string[] => {
  const from = prose.findIndex(line => /\bbegin at\b/i.test(line))
  if (from < 0) return []
  const first = prose.findIndex((line, at) => at >= from && isTable(line))
  if (first < 0) return []
  const rest = prose.slice(first)
  const end = rest.findIndex(line => !isTable(line))
  return rest.slice(2, end < 0 ? undefined : end)
}

/** What stands in backticks outside of code blocks. */
export const codeSpans = ({ prose }: Readme): string[] =>
  [...prose.join('\n').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)

/** Where links lead, those to the web aside. */
export const linkTargets = ({ prose }: Readme): string[] =>
  [...prose.join('\n').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter(target => !/^[a-z]+:/.test(target))

/** As GitHub makes the anchor of a heading. */
export const anchorsOf = ({ prose }: Readme): string[] =>
  prose.filter(isHeading).map(line =>
    line
      .replace(/^#+ /, '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )

/** Commands of code spans and of shell blocks, one each, comments aside. */
export const commandsOf = (readme: Readme): string[] =>
  [
    ...codeSpans(readme),
    ...readme.blocks
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n')),
  ]
    .flatMap(line => line.replace(/(^|\s)#.*$/, '').split(/&&|\|\s/))
    .map(command => command.trim())
    .filter(command => command !== '')
