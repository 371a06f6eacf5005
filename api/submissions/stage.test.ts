import { describe, expect, test } from 'vitest'
import { resumed } from './manifest-changes.ts'
import { active, now, status, submitted } from './manifests.fixture.ts'
import { stageOf } from './stage.ts'

describe('the stage', () => {
  test('is live only once the node reports this version and generation', () => {
    expect(stageOf(active, undefined, undefined)).toBe('starting')
    expect(stageOf(active, status, undefined)).toBe('live')
    expect(stageOf(resumed(active, now), status, undefined)).toBe('starting')
    expect(stageOf(active, { ...status, version: 2 }, undefined)).toBe('starting')
  })
  test('is starting while its node waits for what it needs, and failed when that does not come', () => {
    const waiting = { ...status, state: 'catching-up', lane: null, waitsFor: 'the source of version 1' } as const
    expect(stageOf(active, waiting, undefined)).toBe('starting')
    expect(stageOf(active, { ...waiting, lane: 'own.f1' }, undefined)).toBe('catching-up')
    expect(stageOf(active, { ...waiting, state: 'failed' }, undefined)).toBe('failed')
  })
  test('of a submission is that of its job', () => {
    expect(stageOf(submitted, undefined, 'trying')).toBe('trying')
    expect(stageOf(submitted, undefined, undefined)).toBe('queued')
  })
})
