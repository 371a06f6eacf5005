import { expect, test } from 'vitest'
import { membersOn } from './dead-members.ts'

const broker = (id: number, ...addresses: readonly string[]) => ({ id, addresses })
const members = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map(host => ({ host }))

test('whoever runs on the machine of a broker that is gone is dead', () => {
  const there = [broker(1, '10.0.0.1'), broker(3, '10.0.0.3')]
  expect(membersOn(broker(2, '10.0.0.2'), there, members)).toEqual([{ host: '10.0.0.2' }])
})

test('where brokers share a machine, nobody is taken for dead', () => {
  const there = [broker(1, '10.0.0.2'), broker(3, '10.0.0.3')]
  expect(membersOn(broker(2, '10.0.0.2'), there, members)).toEqual([])
  expect(membersOn(broker(2), there, members)).toEqual([])
})
