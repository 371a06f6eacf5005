import { expect, test } from 'vitest'
import { ARCHIVE_TOPIC, noticesTopic, STREAMS } from '#hub'
import { FILTERS_TOPIC, OVER_CAP_TOPIC, PROGRESS_TOPIC, statusTopicOf } from '#filters'
import { ACCOUNTS_TOPIC } from './control/account-records.ts'
import { LEADER_TOPIC } from './control/leader-election.ts'
import { NODES_TOPIC } from './control/node-records.ts'
import { ARCHIVED_TOPICS, apiAcls } from './api-acls.ts'
import { STATUS_TOPIC } from './control/status-records.ts'

test('the API may use each topic that it uses, by its name', () => {
  const { hub, node } = apiAcls('skysieve-api')
  const names = (grants: typeof hub): unknown[] => grants.flatMap(grant => ('name' in grant ? grant.name : []))
  const control = [FILTERS_TOPIC, ACCOUNTS_TOPIC, NODES_TOPIC, LEADER_TOPIC, STATUS_TOPIC, statusTopicOf('')]
  expect(names(hub)).toEqual(expect.arrayContaining(control))
  expect(names(node)).toEqual(expect.arrayContaining([PROGRESS_TOPIC, OVER_CAP_TOPIC]))
})

test('it may read what maintenance of the archive compares', () => {
  const streams = Object.values(STREAMS).flatMap(({ name, topic }) => [topic, noticesTopic(name)])
  expect([...ARCHIVED_TOPICS].toSorted()).toEqual([...streams, ARCHIVE_TOPIC].toSorted())
})
