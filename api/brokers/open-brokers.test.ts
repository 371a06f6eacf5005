import { randomBytes } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { openSecretBox } from '../accounts/secret-box.ts'
import { openBrokers, type ServedBroker } from './open-brokers.ts'

const box = openSecretBox(randomBytes(32))
const broker = (name: string, bootstrap: string): ServedBroker => ({ name, bootstrap, user: 'api', password: 'x' })
const joined = new Map<string, ServedBroker>()
const brokers = openBrokers(broker('hub', 'hub:9092'), box, {
  names: () => [...joined.keys()],
  find: name => joined.get(name),
})
afterAll(() => brokers.close())

test('nodes come, move and go while the brokers are open, and the hub stays', () => {
  expect(brokers.mirrors()).toEqual([])
  joined.set('node1', broker('node1', 'a:9092'))
  expect([brokers.mirrors(), brokers.address('node1')]).toEqual([['node1'], 'a:9092'])
  joined.set('node1', { ...broker('node1', 'b:9092'), ca: 'PEM' })
  brokers.refresh('node1')
  expect(brokers.address('node1')).toBe('b:9092')
  expect(brokers.security('node1')).toEqual({ protocol: 'SASL_SSL', ca: 'PEM' })
  joined.delete('node1')
  brokers.refresh('node1')
  expect([brokers.mirrors(), brokers.address('node1')]).toEqual([[], undefined])
  expect(brokers.address('hub')).toBe('hub:9092')
})

test('what there is no broker of is said to be none', async () => {
  await expect(brokers.reach('nowhere')).rejects.toMatchObject({
    code: 'API_MIRROR_DOWN',
    message: expect.stringMatching(/no broker “nowhere”.*GET \/v1\/nodes/),
  })
})
