import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { openSecretBox } from '../accounts/secret-box.ts'
import { type NodeRecord } from '../control/node-records.ts'
import { openNodeBrokers, sealSecrets, unsealSecrets } from './node-access.ts'
import { expectedNode, joinedNode } from './nodes.fixture.ts'

const box = openSecretBox(randomBytes(32))
const secrets = { api: 'of-the-api', mirrorMaker: 'm', worker: 'w', token: 't' }
const sealed = sealSecrets(box, 'node3', secrets)
const over = (...records: NodeRecord[]) => ({
  node: (name: string) => records.find(one => one.name === name),
  nodes: () => records,
})

test('secrets of a node open for its name alone, under the same key', () => {
  expect(unsealSecrets(box, { ...joinedNode, sealed })).toEqual(secrets)
  expect(() => unsealSecrets(box, { ...joinedNode, name: 'node4', sealed })).toThrow(/authenticate/)
  expect(() => unsealSecrets(openSecretBox(randomBytes(32)), { ...joinedNode, sealed })).toThrow(/authenticate/)
})

test('a node that has joined is reached at its address, with the API’s own password there', () => {
  const brokers = openNodeBrokers(box, 'skysieve-api', over({ ...joinedNode, sealed, ca: 'PEM' }))
  expect(brokers.names()).toEqual(['node3'])
  expect(brokers.find('node3')).toEqual({
    name: 'node3',
    bootstrap: joinedNode.bootstrap,
    user: 'skysieve-api',
    password: 'of-the-api',
    ca: 'PEM',
  })
})

test('a node beside the API is reached beside it, and subscribers are told the address of its record', () => {
  const near = { node3: { bootstrap: '127.0.0.1:21010' } }
  const brokers = openNodeBrokers(box, 'skysieve-api', over({ ...joinedNode, sealed, ca: 'PEM' }), near)
  expect(brokers.find('node3')).toMatchObject({
    bootstrap: '127.0.0.1:21010',
    advertised: joinedNode.bootstrap,
    advertisedCa: 'PEM',
  })
  expect(brokers.find('node3')).not.toHaveProperty('ca')
})

test('one that is only expected, is not there or was sealed under another key is not reached', () => {
  expect(openNodeBrokers(box, 'api', over({ ...expectedNode, sealed })).find('node3')).toBeUndefined()
  expect(openNodeBrokers(box, 'api', over()).find('node3')).toBeUndefined()
  expect(
    openNodeBrokers(openSecretBox(randomBytes(32)), 'api', over({ ...joinedNode, sealed })).find('node3'),
  ).toBeUndefined()
})
