import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { TextDictionary } from './text-dictionary.ts'

const read = ({ units }: TextDictionary, index: number): string =>
  String.fromCharCode(...units.subarray(index + 1, index + 1 + (units[index] ?? 0)))

test('the same text has the same index, whichever way it came in', () => {
  const area = new TextDictionary(100)
  const bytes = Buffer.from('..né..')
  const index = area.addUtf8(bytes, 2, 5)
  expect(area.add('né')).toBe(index)
  expect(read(area, index)).toBe('né')
  expect(area.length).toBe(3)
})

test('a full area says so and still finds what it has', () => {
  const area = new TextDictionary(6)
  expect(area.add('abc')).toBe(0)
  expect(area.add('de')).toBe(-1)
  expect(area.add('abc')).toBe(0)
  expect(area.add('d')).toBe(4)
  expect(area.length).toBe(6)
})

test('after a rollback the texts before the mark are as they were and those behind it are new again', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 2 })), fc.array(fc.string({ maxLength: 2 })), (before, after) => {
      const area = new TextDictionary(64)
      const indexes = before.map(text => area.add(text))
      const length = area.length
      area.mark()
      for (const text of after) area.add(text)
      area.rollback()
      expect(area.length).toBe(length)
      expect(before.map(text => area.add(text))).toEqual(indexes)
      expect(area.length).toBe(length)
      for (const text of after) {
        const index = area.add(text)
        if (index >= 0) expect(read(area, index)).toBe(text)
      }
    }),
  )
})
