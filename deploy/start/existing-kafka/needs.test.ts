import { expect, test } from 'vitest'
import { nodeNeeds } from './needs.ts'

const secrets = { admin: 'a', broker: 'b', mirrorMaker: 'password-of-mm2', worker: 'password-of-worker' }
const node = { name: 'lyon', shards: 2, secrets }
const joined = {
  alertTopics: [{ name: 'lsst-alerts-v11', partitions: 45 }],
  apiUser: { user: 'skysieve-api', password: 'password-of-the-api' },
}

test('a node needs its topics, of which alerts may grow, and three users', () => {
  const { topics, logins } = nodeNeeds(node, { replicationFactor: 3 }, joined, true)
  expect(topics.find(({ name }) => name === 'lsst-alerts-v11')).toMatchObject({ partitions: 45, isFixed: false })
  expect(topics.find(({ name }) => name === 'skysieve.progress')).toMatchObject({ partitions: 2, isFixed: true })
  expect(topics.every(({ replicas }) => replicas === 3)).toBe(true)
  expect(logins.map(({ user }) => user)).toEqual(['skysieve-mm2-lyon', 'skysieve-worker-lyon', 'skysieve-api'])
})

test('users that are given have the rights of ours, and groups of their own names', () => {
  const login = (user: string) => ({ user, password: 'password-given' })
  const users = { mirrorMaker: login('copies'), worker: login('filters'), api: login('looks') }
  const { logins, grants } = nodeNeeds(node, { users }, joined, false)
  expect(logins).toEqual([users.mirrorMaker, users.worker, users.api])
  expect(new Set(grants.map(({ user }) => user))).toEqual(new Set(['copies', 'filters', 'looks']))
  const groups = grants.filter(({ user, resource }) => user === 'filters' && resource === 'group')
  expect(groups.map(({ name }) => name)).toEqual(expect.arrayContaining(['filters.', 'filter.']))
})

test('the API is an administrator where it makes users, and nowhere else', () => {
  const powers = (makesUsers: boolean) =>
    nodeNeeds(node, {}, joined, makesUsers).grants.find(({ resource }) => resource === 'cluster')?.operations
  expect(powers(true)).toContain('alter')
  expect(powers(false)).toEqual(['describe'])
})
