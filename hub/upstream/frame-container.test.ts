import { expect, test } from 'vitest'
import { containerWriter } from '../avro/decode/container-writer.ts'
import { decodeAlert, encodeAlert } from '../avro/decode/decode-alert.ts'
import { parseSchema } from '../avro/schema/parse-schema.ts'
import { HubError } from '../errors.ts'
import { readFrame } from '../packet-frame.ts'
import { openEmbeddedSchemas } from './embedded-schemas.ts'
import { frameContainer } from './frame-container.ts'

const schemaJson =
  '{"type":"record","name":"alert","fields":[{"name":"candid","type":"long"},{"name":"text","type":"string"}]}'
const schema = parseSchema(schemaJson)
const containerOf = async (ids: readonly bigint[], json = schemaJson): Promise<Buffer> => {
  const { head, block } = containerWriter(json)
  const datums = ids.map(candid => encodeAlert(schema, { candid, text: 'x'.repeat(100) }))
  return Buffer.concat([
    head,
    await block(datums.slice(0, 2)),
    ...(datums.length > 2 ? [await block(datums.slice(2))] : []),
  ])
}

/** A registry that numbers what it is given; `refuses` says which texts it does not take. */
const openSchemas = (refuses: (json: string) => boolean = () => false) => {
  const asked: string[] = []
  const clock = { ms: 0 }
  const schemas = openEmbeddedSchemas({
    registry: {
      register: async (subject, json) => {
        asked.push(json)
        // The time for which a refusal is tried again passes at once.
        clock.ms += 20_000
        if (refuses(json)) throw new HubError('HUB_REGISTRY_REFUSED', `${subject} takes no such schema`)
        return 100_000 + new Set(asked).size
      },
    },
    subject: 'ztf-alerts-value',
    onProblem: () => undefined,
    onTaken: () => undefined,
    signal: new AbortController().signal,
    now: () => clock.ms,
  })
  return { schemas, asked, clock }
}

test('each datum of a container is a packet, in order, with the id that the registry gave the embedded schema', async () => {
  const { schemas, asked } = openSchemas()
  const packets = await frameContainer(await containerOf([1n, 2n, 3n]), schemas)
  const frames = packets.map(readFrame)
  expect(frames.map(({ schemaId }) => schemaId)).toEqual([100_001, 100_001, 100_001])
  expect(frames.map(({ body }) => decodeAlert(schema, body)['candid'])).toEqual([1n, 2n, 3n])
  await frameContainer(await containerOf([4n]), schemas)
  expect(asked).toHaveLength(1)
})

test.each([
  ['no container', Buffer.from('noise'), 'HUB_CONTAINER_INVALID'],
  ['one that ends too early', (await containerOf([1n, 2n])).subarray(0, -20), 'HUB_AVRO_TRUNCATED'],
  ['one without datums', containerWriter(schemaJson).head, 'HUB_CONTAINER_INVALID'],
  ['one whose schema cannot be read', await containerOf([1n], '{"type":"bogus"}'), 'HUB_SCHEMA_INVALID'],
])('%s is none of it a packet', async (_what, file, code) => {
  const { schemas, asked } = openSchemas()
  await expect(frameContainer(file, schemas)).rejects.toMatchObject({ code })
  expect(asked).toEqual([])
})

test('a schema that the registry refuses is refused for a minute without asking, and those of others go on', async () => {
  const other = schemaJson.replace('"alert"', '"refused"')
  const { schemas, asked, clock } = openSchemas(json => json === other)
  for (const _again of [1, 2, 3])
    await expect(frameContainer(await containerOf([1n], other), schemas)).rejects.toMatchObject({
      code: 'HUB_REGISTRY_REFUSED',
    })
  expect(asked).toEqual([other])
  expect(await frameContainer(await containerOf([1n]), schemas)).toHaveLength(1)
  clock.ms += 70_000
  await expect(frameContainer(await containerOf([1n], other), schemas)).rejects.toMatchObject({ message: /takes no/ })
  expect(asked).toHaveLength(3)
})

test('a stream in which every packet has another schema does not fill the registry', async () => {
  const { schemas, asked, clock } = openSchemas()
  const one = async (at: number): Promise<unknown> =>
    frameContainer(await containerOf([1n], schemaJson.replace('"alert"', `"alert${at}"`)), schemas)
  const outcomes: unknown[] = []
  for (let at = 0; at < 210; at++) {
    clock.ms = 0
    outcomes.push(await one(at).catch((error: unknown) => error))
  }
  expect(asked).toHaveLength(200)
  expect(outcomes.at(-1)).toMatchObject({ code: 'HUB_REGISTRY_REFUSED', message: expect.stringMatching(/200 schemas/) })
})
