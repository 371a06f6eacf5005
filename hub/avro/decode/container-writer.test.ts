import { expect, test } from 'vitest'
import { readFrame } from '../../packet-frame.ts'
import { openSyntheticSource } from '../../synthetic/source.ts'
import { containerWriter } from './container-writer.ts'
import { readContainer } from './container-reader.ts'

test('a container file that was written piece by piece reads as it was written', async () => {
  const source = openSyntheticSource({ seed: 3 })
  const datums = Array.from({ length: 5 }, (_, at) => readFrame(source.packet(0, at).packet).body)
  const { head, block } = containerWriter(source.schemaJson)
  const file = Buffer.concat([head, await block(datums.slice(0, 3)), await block(datums.slice(3))])
  const read = readContainer(file)
  expect(read.schemaJson).toBe(source.schemaJson)
  expect(read.datums.map((datum, at) => datum.equals(datums[at] ?? Buffer.alloc(0)))).toEqual(datums.map(() => true))
  expect(readContainer(head).datums).toEqual([])
})
