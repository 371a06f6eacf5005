// A registry on a topic of its own of the hub's broker, with just the rights the hub's service has in a started system; and who asks it.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, inject } from 'vitest'
import { type BrokerAccess } from '../kafka/broker-access.ts'
import { openAdmin } from '../kafka/admin/open-admin.ts'
import { openRegistry, type Registry } from './registry.ts'

export const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'
export const random = (): string => randomBytes(4).toString('hex')
export const newSubject = (): string => `subject-${random()}`
/** Ids that no other run uses. */
export const newId = (): number => 1000 + randomBytes(2).readUInt16BE()
export const schemaOf = (name: string, ...fields: string[]): string =>
  JSON.stringify({
    type: 'record',
    name,
    fields: fields.map(field => ({ name: field, type: ['null', 'long'], default: null })),
  })
export const newSchema = (): string => schemaOf(`R${random()}`, 'a')

interface Answer {
  readonly status: number
  readonly type: string | null
  readonly answer: unknown
}

export interface TestRegistry {
  readonly topic: string
  access: () => BrokerAccess
  url: () => string
  ask: (method: string, path: string, body?: object, contentType?: string) => Promise<Answer>
  get: (path: string) => Promise<unknown>
  register: (subject: string, schema: string, more?: object) => Promise<Answer>
  /** Answers the subject it is in. */
  importSchema: (id: number, schema: string, version?: number) => Promise<string>
  /** Opens another one in its place, and answers the one before. */
  replace: () => Promise<Registry>
}

/** Opened before the tests of a file, closed after them. */
export const testRegistry = (): TestRegistry => {
  const topic = `test.schemas.${random()}`
  let access: BrokerAccess
  let registry: Registry
  const open = async (): Promise<Registry> => {
    const opened = await openRegistry({ access, port: 0, topic, transactionalId: topic })
    await opened.ready
    return opened
  }
  beforeAll(async () => {
    const admin = openAdmin(inject('kafka').hub)
    const user = `registry-${random()}`
    access = { ...inject('kafka').hub, user, password: random() }
    await admin.createTopics([{ name: topic, configs: { 'cleanup.policy': 'compact' } }])
    await admin.upsertUser(user, access.password)
    await admin.grant([
      { user, resource: 'topic', name: topic, operations: ['read', 'write'] },
      { user, resource: 'transactional-id', name: topic, operations: ['write', 'describe'] },
    ])
    await admin.close()
    registry = await open()
  })
  afterAll(() => registry.close())

  const ask: TestRegistry['ask'] = async (method, path, body, contentType = CONTENT_TYPE) => {
    const response = await fetch(new URL(path, registry.url), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': contentType } }),
    })
    const answer: unknown = await response.json()
    return { status: response.status, type: response.headers.get('content-type'), answer }
  }
  const register: TestRegistry['register'] = (subject, schema, more = {}) =>
    ask('POST', `/subjects/${subject}/versions`, { schema, ...more })
  return {
    topic,
    access: () => access,
    url: () => registry.url,
    ask,
    get: async path => (await ask('GET', path)).answer,
    register,
    importSchema: async (id, schema, version = id) => {
      const subject = newSubject()
      await ask('PUT', `/mode/${subject}`, { mode: 'IMPORT' })
      await register(subject, schema, { id, version })
      return subject
    },
    replace: async () => {
      const before = registry
      registry = await open()
      return before
    },
  }
}
