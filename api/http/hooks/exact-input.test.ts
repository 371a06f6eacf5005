import {
  array,
  assert,
  bigInt,
  boolean,
  constant,
  dictionary,
  double,
  integer,
  letrec,
  maxSafeInteger,
  oneof,
  pre,
  property,
  string,
} from 'fast-check'
import { expect, test } from 'vitest'
import { parseBody } from './exact-input.ts'
import { asLine, Line } from '../requests/text-formats.ts'
import { Value } from 'typebox/value'

const refused = expect.objectContaining({ code: 'API_REQUEST_INVALID' })

test('a body is what JSON.parse makes of it, as long as no number changes', () => {
  const number = oneof(integer(), maxSafeInteger(), double({ noInteger: true, noNaN: true, noDefaultInfinity: true }))
  const leaf = oneof(number, string(), boolean(), constant(null))
  const value = letrec(tie => ({
    value: oneof({ depthSize: 'small' }, leaf, array(tie('value')), dictionary(string(), tie('value'))),
  })).value
  assert(
    property(value, body => {
      const text = JSON.stringify(body)
      pre(!text.includes('"__proto__"'))
      expect(parseBody(text)).toEqual(JSON.parse(text))
    }),
  )
})
test('an integer that a number cannot hold is refused, and the answer says to send text', () => {
  assert(
    property(bigInt({ min: 2n ** 53n, max: 2n ** 64n }), big => {
      expect(() => parseBody(`{"ids":[${big}]}`)).toThrow(refused)
      expect(() => parseBody(`{"ids":[-${big}]}`)).toThrow(refused)
    }),
  )
  expect(() => parseBody('{ "ids": [9207199254740993] }')).toThrow(/Send it as text: "9207199254740993"/)
  expect(() => parseBody('{"x": 1e999}')).toThrow(refused)
})
test.each([
  '',
  '{',
  '{"a":1}}',
  'null x',
  '{"__proto__":{"a":1}}',
  '{"a":{"constructor":{"prototype":1}}}',
  '['.repeat(200_000),
])('what is no plain JSON is refused: %.40s', text => expect(() => parseBody(text)).toThrow(refused))

test('a line holds letters of every writing, and nothing that a reader does not see', () => {
  const isLine = (text: string): boolean => Value.Check(Line(80), text)
  for (const good of ['Bright', 'Überriese', 'שלום', 'नमस्ते', '👩‍🚀 transients', ''])
    expect([good, isLine(good)]).toEqual([good, true])
  const bad = ['a\nb', 'a\u001b[2J', 'a\u0000', 'a\u202eb', 'a\u2066b', 'a\u200fb', 'a\u0085b', 'a\u2028b', 'a\ud800']
  for (const text of bad) expect([text, isLine(text)]).toEqual([text, false])
  for (const text of bad) expect(isLine(asLine(text))).toBe(true)
  expect(asLine('two\r\nlines \u202e')).toBe('two lines')
})
