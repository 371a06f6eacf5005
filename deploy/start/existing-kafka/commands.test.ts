import { expect, test } from 'vitest'
import { told } from './commands.ts'

const place = { bootstrap: 'b1:9092,b2:9092', passwordFile: (user: string) => `/data/my node/${user}.properties` }
const start = (program: string): string =>
  `${program} --bootstrap-server b1:9092,b2:9092 --command-config admin.properties`

test('a topic, its settings, a user and rights each have a command', () => {
  const topic = { name: 'skysieve.progress', partitions: 2, replicas: 3, configs: { 'cleanup.policy': 'compact' } }
  expect(told({ kind: 'topic', topic }, place)).toEqual({
    line: 'topic skysieve.progress',
    commands: [
      `${start('kafka-topics.sh')} --create --if-not-exists --topic skysieve.progress --partitions 2 --replication-factor 3 --config cleanup.policy=compact`,
    ],
  })
  expect(told({ kind: 'settings', topic: 'a', configs: { b: '1', c: '2' } }, place).commands).toEqual([
    `${start('kafka-configs.sh')} --alter --entity-type topics --entity-name a --add-config b=1,c=2`,
  ])
  const grants = [
    { user: 'w', resource: 'topic', name: 'a', operations: ['read', 'describe-configs'] },
    { user: 'w', resource: 'topic', name: 'b', operations: ['read', 'describe-configs'] },
    { user: 'w', resource: 'group', name: '*', operations: ['describe'] },
    { user: 'w', resource: 'transactional-id', name: 'x.', match: 'prefixed', operations: ['write'] },
  ] as const
  expect(told({ kind: 'rights', grants }, place)).toEqual({
    line: '4 rights of w',
    commands: [
      `${start('kafka-acls.sh')} --add --allow-principal User:w --operation Read --operation DescribeConfigs --topic a --topic b`,
      `${start('kafka-acls.sh')} --add --allow-principal User:w --operation Describe --group '*'`,
      `${start('kafka-acls.sh')} --add --allow-principal User:w --operation Write --transactional-id x. --resource-pattern-type prefixed`,
    ],
  })
})

test('a password is in a file of its own and in no command', () => {
  const login = { user: 'w', password: 'the-password' }
  const { commands } = told({ kind: 'user', login, isGiven: false }, place)
  expect(commands).toEqual([
    `${start('kafka-configs.sh')} --alter --entity-type users --entity-name w --add-config-file '/data/my node/w.properties'`,
  ])
  expect(JSON.stringify(told({ kind: 'user', login, isGiven: true }, place))).not.toContain('the-password')
})
