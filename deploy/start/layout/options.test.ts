import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startOptions } from './options.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'skysieve-options-'))

test('without options a laptop’s system is started: two nodes and small visits', () => {
  const cwd = folder()
  expect(startOptions([], cwd)).toEqual({
    dataDir: join(cwd, '.skysieve'),
    nodes: 2,
    shards: 1,
    partitions: 8,
    tls: false,
    portBase: 21_000,
    interval: 37,
    alerts: 1000,
    simulator: true,
    archive: true,
    archiveGb: 20,
    archiveStore: 'files',
    python: true,
    unsafeSandbox: false,
    moves: { finishMinutes: 30, lateMinutes: 10, keepDays: 7 },
  })
})

test('flags win over skysieve.json in the data directory', () => {
  const dataDir = folder()
  writeFileSync(join(dataDir, 'skysieve.json'), JSON.stringify({ nodes: 3, alerts: 50 }))
  const options = startOptions(['--data-dir', dataDir, '--alerts', '7', '--source', 'real', '--no-simulator'], '/data')
  expect(options).toMatchObject({ nodes: 3, alerts: 7, source: '/data/real', simulator: false })
})

test('a bad option is named with what is expected', () => {
  const cwd = folder()
  expect(() => startOptions(['--nodes', 'two'], cwd)).toThrow('--nodes needs a number, not "two"')
  expect(() => startOptions(['--nodes=-1'], cwd)).toThrow('nodes must be >= 0')
  expect(() => startOptions(['--node', '2'], cwd)).toThrow("Unknown option '--node'")
})

test('a bad setting in skysieve.json is named with the file', () => {
  const dataDir = folder()
  writeFileSync(join(dataDir, 'skysieve.json'), JSON.stringify({ port: 1 }))
  expect(() => startOptions(['--data-dir', dataDir], '/')).toThrow(/skysieve\.json: port is no setting/)
})

test('the times of moves are settings of the file, and a node finishes its visits for as long as their packets may come', () => {
  const dataDir = folder()
  const save = (moves: object): void => writeFileSync(join(dataDir, 'skysieve.json'), JSON.stringify({ moves }))
  save({ finishMinutes: 2, lateMinutes: 1 })
  expect(startOptions(['--data-dir', dataDir], '/')?.moves).toEqual({ finishMinutes: 2, lateMinutes: 1, keepDays: 7 })
  save({ finishMinutes: 2 })
  expect(() => startOptions(['--data-dir', dataDir], '/')).toThrow(/finishMinutes \(2\) is below .*lateMinutes \(10\)/)
})

test('--help asks for nothing else', () => {
  expect(startOptions(['--help'], folder())).toBeUndefined()
})

test('a node that joins has as many shards as fill its cores, unless it is told', () => {
  const cwd = folder()
  const joining = ['--join', 'https://hub.example.org:21105', '--token-file', 'token']
  expect(startOptions(joining, cwd, 6)).toMatchObject({ shards: 3, tokenFile: join(cwd, 'token') })
  expect(startOptions(joining, cwd, 1)).toMatchObject({ shards: 1 })
  expect(startOptions([...joining, '--shards', '2'], cwd, 64)).toMatchObject({ shards: 2 })
})

test.each([
  [['--join', 'https://hub.example.org:21105', '--nodes', '3'], /--nodes is an option of a hub/],
  [['--token-file', 'token'], /for --join/],
  [['--listen', '0.0.0.0'], /needs --advertise/],
])('%j do not go together', (argv, why) => {
  expect(() => startOptions(argv, folder())).toThrow(why)
})
