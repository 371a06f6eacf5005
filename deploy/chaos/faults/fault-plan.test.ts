import { describe, expect, test } from 'vitest'
import { awayKinds, faultKinds, faultPlan } from './fault-plan.ts'

const kinds = faultKinds(['node1', 'node2'])
const OPTIONS = { kinds, seed: 5, withinMs: [4000, 600_000], gapMs: [4000, 12_000], restMs: 15_000 } as const
const faults = faultPlan(OPTIONS)
const nameOf = ({ action, target }: { action: string; target: string }): string => `${action} ${target}`

describe('the faults of a chaos run', () => {
  test('are the same for the same seed and others for another', () => {
    expect(faultPlan(OPTIONS)).toEqual(faults)
    expect(faultPlan({ ...OPTIONS, seed: 6 })).not.toEqual(faults)
  })

  test('come once of each kind before any kind comes again', () => {
    const names = kinds.map(nameOf)
    expect(faults.length).toBeGreaterThan(2 * kinds.length)
    expect(new Set(faults.slice(0, kinds.length).map(nameOf))).toEqual(new Set(names))
    expect(new Set(faults.slice(kinds.length, 2 * kinds.length).map(nameOf))).toEqual(new Set(names))
  })

  test('leave a node in peace for a while, and every node after a fault of the hub', () => {
    const rests = faults.flatMap(({ atMs, target }, at) => {
      const places = (other: string): readonly string[] => [target, other].map(name => name.split('-')[0] ?? '')
      const isNear = (other: string): boolean => {
        const [one, two] = places(other)
        return one === two || (places(other).includes('hub') && places(other).some(place => place.startsWith('node')))
      }
      return faults
        .slice(0, at)
        .flatMap(earlier => (isNear(earlier.target) ? [atMs - earlier.atMs - earlier.forMs] : []))
    })
    expect(Math.min(...rests)).toBeGreaterThanOrEqual(OPTIONS.restMs)
  })

  test('begin within their time, and those that last do so for as long as their kind may', () => {
    for (const { atMs, action, target, forMs } of faults) {
      expect(atMs).toBeGreaterThanOrEqual(4000)
      expect(atMs).toBeLessThanOrEqual(600_000)
      const [least, most] = kinds.find(kind => kind.action === action && kind.target === target)?.forMs ?? [0, 0]
      expect(forMs).toBeGreaterThanOrEqual(least)
      expect(forMs).toBeLessThanOrEqual(most)
    }
  })
})

test('what takes a node away from a hub that forgets lasts as long as asked, by its link and by who copies', () => {
  const plan = faultPlan({ ...OPTIONS, kinds: awayKinds(['node1', 'node2'], [30_000, 45_000]) })
  const lasting = plan.filter(({ action }) => action !== 'kill')
  expect(new Set(lasting.map(nameOf))).toEqual(
    new Set(['node1', 'node2'].flatMap(node => [`cut ${node}-link`, `hang ${node}-link`, `pause ${node}-mirror`])),
  )
  for (const { forMs } of lasting) {
    expect(forMs).toBeGreaterThanOrEqual(30_000)
    expect(forMs).toBeLessThanOrEqual(45_000)
  }
})
