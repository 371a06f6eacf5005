// `stream create`: a file of packets with the answers next to it; `stream print`: a line for each of them.
import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { framePacket } from '../packet-frame.ts'
import { type AnswerSheet } from '../synthetic/example-answers.ts'
import { openSyntheticSource } from '../synthetic/source.ts'
import { answersOf } from './answer-sheet.ts'
import { createStream } from './create-stream.ts'
import { describePacket, printStream } from './print-stream.ts'

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'skysieve-create-'))

const linesOf = async (file: string, packets: number): Promise<string[]> => {
  const lines: string[] = []
  for await (const line of printStream({ file }, { packets })) lines.push(line)
  return lines
}

test('the file holds every visit, and the answers name for each filter and visit the alerts that must pass', async () => {
  const dir = await newFolder()
  const file = join(dir, 'two.packets')
  const visits: bigint[] = []
  const created = await createStream({
    file,
    visits: 2,
    alerts: 60,
    seed: 9,
    firstVisit: 0,
    onVisit: ({ visit }) => visits.push(visit),
  })
  expect(created).toMatchObject({ visits: 2, packets: 120, answersFile: `${file}.answers.json` })
  expect(visits).toEqual([2026090100001n, 2026090100002n])
  const answers: unknown = JSON.parse(await readFile(created.answersFile, 'utf8'))
  const source = openSyntheticSource({ seed: 9 })
  const [first, second] = [answersOf(source, 0, 60), answersOf(source, 1, 60)]
  const wanted = Object.fromEntries(Object.keys(first).map(filter => [filter, { ...first[filter], ...second[filter] }]))
  expect(answers).toEqual(wanted)
  expect(Object.keys(first)).toHaveLength(5)
  expect((await readdir(dir)).toSorted()).toEqual(['two.packets', 'two.packets.answers.json'])
})

test('each packet prints as one line: schema, alert, visit, time, band, flux and sizes', async () => {
  const file = join(await newFolder(), 'one.packets')
  await createStream({ file, visits: 1, alerts: 20, seed: 9, firstVisit: 0 })
  const lines = await linesOf(file, 100)
  expect(lines).toHaveLength(20)
  const shape =
    /^schema 1100 {2}alert \d{19} {2}visit 2026090100001 {2}2026-09-01T00:00:00\.\d{3}Z {2}band r {2}flux (-?\d+\.\d|-) {2}priors (\d+|-) {2}forced (\d+|-) {2}cutouts \d+\+\d+\+\d+ {2}bytes \d+$/
  for (const line of lines) expect(line).toMatch(shape)
  expect(await linesOf(file, 3)).toHaveLength(3)
})

test('a packet that cannot be read prints the reason', async () => {
  expect(await describePacket(Buffer.from('xyz'), () => undefined)).toMatch(/^unreadable {2}bytes 3 {2}.*0x78/)
  expect(await describePacket(framePacket(5, Buffer.from('x')), () => undefined)).toBe('schema 5 is unknown  bytes 6')
})

test('files of two seeds, and the visits of the simulator, have no alert in common', async () => {
  const dir = await newFolder()
  const ids = new Set<string>()
  for (const seed of [1, 2]) {
    const { answersFile } = await createStream({ file: join(dir, `${seed}.packets`), visits: 2, alerts: 40, seed })
    const visits = Object.keys(Object.values(JSON.parse(await readFile(answersFile, 'utf8')) as AnswerSheet)[0] ?? {})
    expect(visits).toHaveLength(2)
    for (const visit of visits) ids.add(visit)
  }
  expect(ids.size).toBe(4)
  expect([...ids].every(visit => BigInt(visit) > 2027_00_00_00000n)).toBe(true)
})

test('an aborted creation leaves nothing', async () => {
  const dir = await newFolder()
  const signal = AbortSignal.abort(new Error('stopped'))
  await expect(createStream({ file: join(dir, 'x.packets'), visits: 1, alerts: 200, signal })).rejects.toThrow(
    'stopped',
  )
  expect(await readdir(dir)).toEqual([])
})
