import { expect, test } from 'vitest'
import { type Grant } from '#hub'
import { lacking } from './rights-there.ts'

const user = 'worker'
const wanted: Grant = {
  user,
  resource: 'topic',
  name: 'filter.',
  match: 'prefixed',
  operations: ['create', 'describe'],
}
const held = (over: Partial<Grant>): Grant[] => [{ ...wanted, operations: ['all'], ...over }]

test.each<[what: string, over: Partial<Grant>]>([
  ['the same resource', {}],
  ['a shorter prefix', { name: 'fil' }],
  ['every topic', { name: '*', match: 'literal' }],
  ['everybody', { user: '*' }],
])('an ACL for %s gives the right', (_what, over) => {
  expect(lacking(held(over), wanted)).toEqual([])
})

test.each<[what: string, over: Partial<Grant>]>([
  ['another user', { user: 'other' }],
  ['a longer prefix', { name: 'filter.a' }],
  ['the one topic that is called as the prefix', { match: 'literal' }],
  ['groups of that name', { resource: 'group' }],
])('an ACL for %s does not', (_what, over) => {
  expect(lacking(held(over), wanted)).toEqual(['create', 'describe'])
})

test('who may write may describe; what lacks is told by itself', () => {
  expect(lacking(held({ operations: ['write'] }), wanted)).toEqual(['create'])
  expect(lacking([...held({ operations: ['write'] }), ...held({ operations: ['create'] })], wanted)).toEqual([])
})

test('there is one cluster', () => {
  const cluster: Grant = { user, resource: 'cluster', operations: ['describe'] }
  expect(lacking([{ ...cluster, name: 'kafka-cluster', operations: ['alter'] }], cluster)).toEqual([])
})
