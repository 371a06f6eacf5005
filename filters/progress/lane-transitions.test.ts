// A filter that changes its place keeps its position and its counters.
import { beforeEach, expect, test } from 'vitest'
import { leaveLane, moveOut } from './lane-transitions.ts'
import { ShardState } from './shard-state.ts'
import { suspend } from './strikes-and-suspension.ts'

let shardState: ShardState
beforeEach(() => {
  shardState = new ShardState()
  shardState.lanes.set('live.s', {
    stream: 's',
    positions: new Map([
      [0, 10n],
      [1, 10n],
    ]),
    schemas: [7],
    newestMs: new Map([[0, 5]]),
  })
  const ahead = new Map([[1, 15n]])
  shardState.filters.set('f', {
    lane: 'live.s',
    version: 1,
    generation: 2,
    strikes: 0,
    isSlow: false,
    learned: [],
    cut: undefined,
    arrived: undefined,
    ahead,
    suspension: undefined,
    cpuMs: 0,
    cpuAlerts: 0,
  })
})

test('a filter that is moved out stands where it stood, also where it was ahead of its lane', () => {
  const changes = moveOut(
    shardState,
    'f',
    new Map([
      [0, 8n],
      [1, 9n],
    ]),
  )
  expect(shardState.lanes.get('own.f')?.positions).toEqual(
    new Map([
      [0, 8n],
      [1, 15n],
    ]),
  )
  expect(shardState.filters.get('f')).toMatchObject({ lane: 'own.f', ahead: new Map() })
  expect(changes.map(([key]) => key)).toEqual(['filter/f', 'lane/own.f'])
})

test('a filter that rests has no lane, and a lane of its own is deleted', () => {
  moveOut(shardState, 'f', new Map())
  const changes = leaveLane(shardState, 'f')
  expect(shardState.lanes.has('own.f')).toBe(false)
  expect(changes.map(([key, change]) => [key, change()])).toEqual([
    ['filter/f', expect.stringContaining('"version":1')],
    ['lane/own.f', null],
  ])
})

test('a suspension is of the generation that runs and says where the author has to look', () => {
  suspend(shardState, 'f', 'timeout', { message: 'took 1.2 s', line: 3 })
  expect(shardState.filters.get('f')).toMatchObject({
    lane: undefined,
    suspension: { generation: 2, reason: 'timeout', message: 'took 1.2 s', line: 3 },
  })
})

test('what is unknown is left alone', () => {
  expect([
    leaveLane(shardState, 'g'),
    moveOut(shardState, 'g', new Map()),
    suspend(shardState, 'g', 'crash', { message: '' }),
  ]).toEqual([[], [], []])
})
