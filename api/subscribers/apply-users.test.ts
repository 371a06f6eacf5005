import { expect, test } from 'vitest'
import { type AccountsValue, accountsKey, type CredentialRecord } from '../control/account-records.ts'
import { openControlState } from '../control/control-state.ts'
import { type Brokers } from '../brokers/brokers.ts'
import { applyNewUser } from './apply-users.ts'
import { type SubscriberPlatform } from './subscriber-platform.ts'

const credential = (at: number): CredentialRecord => ({
  kind: 'credential',
  user: `alice-${at}`,
  account: 'alice',
  topic: 'filter.f0000000001',
  broker: 'node1',
  iterations: 4096,
  salt: '',
  sealed: '',
  state: 'active',
  createdAt: '2026-11-21T00:00:00Z',
})

test('a twenty-first Kafka user is the only one that is made: the others get their smaller share all at once', async () => {
  const records: AccountsValue[] = Array.from({ length: 21 }, (_, at) => credential(at))
  const controlState = openControlState(
    {
      accounts: new Map(records.map(value => [accountsKey(value), value])),
      filters: new Map(),
      status: new Map(),
      nodes: new Map(),
    },
    '',
  )
  const applied: unknown[] = []
  const shared: (number | null | undefined)[] = []
  const brokers: Pick<Brokers, 'applyUser' | 'applyQuotas'> = {
    applyUser: async (broker, wanted) => void applied.push([broker, wanted()?.user]),
    applyQuotas: async (_broker, wanted) =>
      void shared.push(...wanted().map(({ quota }) => quota.consumerBytesPerSecond)),
  }
  const settings = { kafkaBytesPerSecond: 2100, kafkaRequestPercent: 50 }
  const account = { kind: 'account', id: 'alice', scopes: [], limits: { filters: 1, requestsPerMinute: 1 } }
  const platform = {
    controlState: { ...controlState, account: () => account },
    settings,
    brokers,
  } as unknown as SubscriberPlatform
  await applyNewUser(platform, 'alice', 'node1', 'alice-20')
  expect(applied).toEqual([['node1', 'alice-20']])
  expect(shared).toEqual(Array.from({ length: 21 }, () => 100))
})
