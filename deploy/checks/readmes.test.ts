// Every README of the tree: short lines and paragraphs, figures that parse, and nothing named that is not there.
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { builtInSchema, checkSource, type Language, streamFields } from '#filters'
import { STREAMS } from '#hub'
import { figureProblem } from './mermaid.ts'
import { missingCommands, missingPaths } from './named.ts'
import { beginnings, longLines, longParagraphs, MAX_README_LINES, MIN_BEGINNINGS, parseReadme } from './readme.ts'
import { filesUnder, read, TOP_FOLDERS } from './tree.ts'

const files = ['README.md', ...TOP_FOLDERS.flatMap(filesUnder).filter(name => /(^|\/)README\.md$/.test(name))]
const isOfTopFolder = (file: string): boolean => TOP_FOLDERS.includes(dirname(file))
/** The page for users, and measured tables, are as long as they need to be. */
const mayBeLong = (file: string): boolean => file === 'README.md' || file.endsWith('/bench/README.md')

test.each(files)('%s reads well, and what it names is there', async file => {
  const readme = parseReadme(read(file))
  const rows = beginnings(readme).length
  const figures = readme.blocks.filter(({ language }) => language === 'mermaid').map(({ text }) => text)
  const found: Record<string, readonly string[]> = {
    columns: longLines(readme),
    sentences: longParagraphs(readme),
    lines:
      readme.lines.length > MAX_README_LINES && !mayBeLong(file)
        ? [`${readme.lines.length} lines of ${MAX_README_LINES}`]
        : [],
    figure: isOfTopFolder(file) && figures.length === 0 ? ['no mermaid figure'] : [],
    figures: (await Promise.all(figures.map(figureProblem))).filter(problem => problem !== undefined),
    beginnings:
      isOfTopFolder(file) && rows < MIN_BEGINNINGS ? [`${rows} of ${MIN_BEGINNINGS} rows that say where to begin`] : [],
    paths: missingPaths(file, readme),
    commands: await missingCommands(readme),
  }
  const breaches = Object.entries(found).filter(([, texts]) => texts.length > 0)
  expect(breaches.map(([rule, texts]) => `${rule}: ${texts.join('; ')}`)).toEqual([])
})

test('there is a README at the root and in each folder', () => {
  expect(files.filter(file => file === 'README.md' || isOfTopFolder(file))).toHaveLength(TOP_FOLDERS.length + 1)
})

const LANGUAGES: Readonly<Record<string, Language>> = { js: 'javascript', ts: 'typescript', python: 'python' }
const FILTER = /^export (const|function) filter\b|\(AlertFilter\)|^def filter\b/m
const shown = files.flatMap(file =>
  parseReadme(read(file)).blocks.flatMap(({ language: tag, line, text }) => {
    const language = LANGUAGES[tag]
    return language === undefined || !FILTER.test(text) ? [] : [{ where: `${file}:${line}`, language, text }]
  }),
)

test.each(shown)('the filter at $where is taken, without a warning', ({ language, text }) => {
  const schema = builtInSchema(STREAMS.lsst)
  const fields = schema === undefined ? [] : streamFields(STREAMS.lsst, [schema])
  expect(fields).not.toEqual([])
  expect(checkSource(language, text, { fields })).toMatchObject({ ok: true, warnings: [] })
})
