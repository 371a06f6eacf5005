import { array, assert, integer, property, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { wholeAnswers } from './whole-answers.ts'

const framed = (body: Uint8Array): Buffer => {
  const head = Buffer.alloc(4)
  head.writeInt32BE(body.length)
  return Buffer.concat([head, body])
}

test('however a socket cuts them into pieces, answers come whole and in order, and pieces may be used again', () => {
  const bodies = array(uint8Array({ minLength: 4, maxLength: 40 }), { maxLength: 6 })
  const cuts = array(integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 })
  assert(
    property(bodies, cuts, (all, lengths) => {
      const answers = all.map(framed)
      const stream = Buffer.concat(answers)
      const taken: Buffer[] = []
      const give = wholeAnswers(
        answer => taken.push(answer),
        error => {
          throw error
        },
      )
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const piece = Buffer.from(stream.subarray(at, at + lengths[turn % lengths.length]!))
        at += piece.length
        give(piece)
        piece.fill(0xff)
      }
      expect(taken).toEqual(answers)
    }),
  )
})

test.each([-1, 3, 0x7fff_ffff])('an answer that announces %d bytes is refused before memory is taken for it', bytes => {
  const head = Buffer.alloc(4)
  head.writeInt32BE(bytes)
  const refused: Error[] = []
  wholeAnswers(
    () => undefined,
    error => refused.push(error),
  )(head)
  expect(refused.map(({ message }) => message)).toEqual([expect.stringContaining(`${bytes} bytes`)])
})
