import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, expect, inject, test } from 'vitest'
import { openAdmin } from '#hub'
import { type Election, joinElection, LEADER_TOPIC } from './leader-election.ts'

const { hub } = inject('kafka')
const open: Election[] = []

beforeAll(async () => {
  const admin = openAdmin(hub)
  await admin.createTopics([{ name: LEADER_TOPIC }])
  await admin.close()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map(election => election.close()))
})

async function candidate(groupId: string, url: string) {
  const state = { leads: false, election: undefined as Election | undefined, url }
  state.election = await joinElection(
    { access: hub, clientId: 'election-test', groupId, url },
    { onElected: () => (state.leads = true), onDeposed: () => (state.leads = false), onTrouble: () => undefined },
  )
  open.push(state.election)
  return state
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20)
}

test('of two instances one leads, both know its address, and when it leaves the other takes over', async () => {
  const group = `election-${randomUUID()}`
  const first = await candidate(group, 'http://first')
  await until(() => first.leads)
  const second = await candidate(group, 'http://second')
  await until(async () => (await second.election?.leaderUrl()) !== undefined && first.leads !== second.leads)
  const [leader, other] = first.leads ? [first, second] : [second, first]
  expect(await other.election?.leaderUrl()).toBe(leader.url)
  expect(await leader.election?.leaderUrl()).toBe(leader.url)
  open.splice(open.indexOf(leader.election!), 1)
  await leader.election?.close()
  await until(() => other.leads)
  expect(await other.election?.leaderUrl()).toBe(other.url)
})
