// The rules on READMEs themselves, on small texts.
import { expect, test } from 'vitest'
import {
  anchorsOf,
  beginnings,
  commandsOf,
  linkTargets,
  longLines,
  longParagraphs,
  paragraphs,
  parseReadme,
  sentences,
} from './readme.ts'

test('a line may be as long as its link wants, though not its text', () => {
  const link = `[a](${'x'.repeat(200)})`
  expect(longLines(parseReadme(`see ${link}\n\n${'y'.repeat(111)}\n`))).toEqual(['line 3 has 111 columns of 110'])
})

test('code blocks may be wide, tables wider than prose', () => {
  const text = ['```sh', 'z'.repeat(300), '```', `| ${'t'.repeat(190)} |`, `| ${'t'.repeat(200)} |`].join('\n')
  expect(longLines(parseReadme(text))).toEqual(['line 5 has 204 columns of 200'])
})

test.each([
  ['One. Two? `three` is code. Four.', 4],
  ['It takes 0.5 s, i.e. Half of one, of version 4.3.1.', 1],
  ['It ends (as ever.) Then it begins.', 2],
  ['See [Kafka, Rules](kafka.md). Done', 2],
])('sentences of %j: %i', (text, count) => {
  expect(sentences(text)).toBe(count)
})

test('an item of a list is a paragraph of its own', () => {
  const text = '# Head\n\na\nb\n\n- one\n  more\n- two\n\n| a |\n'
  expect(paragraphs(parseReadme(text))).toEqual([
    { line: 3, text: 'a b' },
    { line: 6, text: '- one more' },
    { line: 8, text: '- two' },
  ])
})

test('a paragraph of six sentences is told by its line', () => {
  expect(longParagraphs(parseReadme('A.\n\nA. B. C.\nD. E. F.\n'))).toEqual([
    'the paragraph at line 3 has 6 sentences of 5',
  ])
})

test('the table after "begin at" says where to begin', () => {
  const text =
    '## To change X, begin at Y\n\n| change | begin at |\n| - | - |\n| a | `a.ts` |\n| b | `b.ts` |\n\ntext\n'
  expect(beginnings(parseReadme(text))).toHaveLength(2)
})

test('commands come from code spans and shell blocks, without comments and what follows a pipe on its own', () => {
  const text = 'Type `npm start` or\n\n```sh\nnpm test   # all\nnpx skysieve a b | head\n```\n\n```js\nnpm()\n```\n'
  expect(commandsOf(parseReadme(text))).toEqual(['npm start', 'npm test', 'npx skysieve a b', 'head'])
})

test('anchors are those of GitHub, and links to the web are not looked at', () => {
  const readme = parseReadme('## What it’s for: A & B\n\n[x](#a) [y](https://z.org) [z](../hub/README.md#c)\n')
  expect(anchorsOf(readme)).toEqual(['what-its-for-a--b'])
  expect(linkTargets(readme)).toEqual(['#a', '../hub/README.md#c'])
})
