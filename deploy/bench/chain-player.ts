// A process of its own, as the survey is: plays packets made before into the hub when it is told to.
import { existsSync } from 'node:fs'
import { collectRarely, createStream, fileVisits, openProducer, playStream } from '#hub'
import { type Play, type Prepare, type SentVisit } from './chain-messages.ts'

collectRarely()

async function play({ access, file, ...pace }: Play['play']): Promise<SentVisit[]> {
  const source = await fileVisits(file)
  const producer = await openProducer(access, { clientId: 'bench' })
  const sent: SentVisit[] = []
  await playStream({
    producer,
    source,
    ...pace,
    onVisit: ({ visit, packets, durationMs }) => {
      const endMs = Date.now()
      sent.push({ visit: visit.toString(), packets, beginMs: endMs - durationMs, endMs })
    },
  })
  await producer.close()
  await source.close()
  return sent
}

async function answer(message: Prepare | Play): Promise<unknown> {
  if ('play' in message) return play(message.play)
  const { file } = message.prepare
  if (!existsSync(file)) await createStream(message.prepare)
  return true
}

process.on('message', message => {
  void answer(message as Prepare | Play).then(reply => process.send?.(reply))
})
process.once('disconnect', () => process.exit(0))
