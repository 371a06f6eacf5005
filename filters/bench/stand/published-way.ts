// The published way to filter: every filter is a consumer of its own that decodes whole alerts. Measured for one filter on one core.
import { randomBytes } from 'node:crypto'
import { type AvroSchema, decodeAlert, openKafka, parseSchema, readFrame } from '#hub'
import { type PublishedTask } from './tasks.ts'

interface Alert {
  readonly diaSource: Readonly<Record<'snr' | 'reliability' | 'psfFlux' | 'psfFluxErr', number>>
}

/** Alerts per CPU second of one filter with a consumer (kafkajs) and a decoder (avsc) of its own. */
async function run({
  access,
  topic,
  alerts,
  ...task
}: PublishedTask): Promise<{ readonly alertsPerCpuSecond: number }> {
  const schemas = new Map(Object.entries(task.schemas).map(([id, schema]) => [Number(id), parseSchema(schema)]))
  const groupId = `published-${randomBytes(4).toString('hex')}`
  const bytes = 4 * 1024 * 1024
  const consumer = openKafka(access, groupId).consumer({
    groupId,
    maxBytesPerPartition: bytes,
    maxBytes: 4 * bytes,
  })
  const done = Promise.withResolvers<void>()
  let [seen, passed] = [0, 0]
  let before = process.cpuUsage()
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: ({ batch }) => {
      if (seen === 0) before = process.cpuUsage()
      for (const { value } of batch.messages) {
        if (value === null || seen >= alerts) continue
        const { schemaId, body } = readFrame(value)
        const { diaSource: s } = decodeAlert(schemas.get(schemaId) as AvroSchema, body) as unknown as Alert
        if (s.snr > 6 && s.reliability > 0.4 && s.psfFlux / s.psfFluxErr > 5) passed++
        seen++
      }
      if (seen >= alerts) done.resolve()
      return Promise.resolve()
    },
  })
  await done.promise
  const { user, system } = process.cpuUsage(before)
  await consumer.disconnect()
  if (passed === 0) throw new Error('the filter of the published way passed nothing')
  return { alertsPerCpuSecond: Math.round((alerts * 1e6) / (user + system)) }
}

process.once('message', message => {
  void run(message as PublishedTask).then(outcome => process.send?.(outcome, () => process.exit(0)))
})
