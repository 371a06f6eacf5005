// A process of its own, as the survey is: plays packets made before into the hub when it is told to.
import { collectRarely, openProducer, playStream } from '#hub'
import { type Play, type Prepare, type SentVisit } from './messages.ts'
import { type BenchSurvey, openBenchSurvey } from './survey.ts'

collectRarely()
let survey: BenchSurvey | undefined

async function play({ access, visits, ...pace }: Play['play']): Promise<SentVisit[]> {
  if (survey === undefined) throw new Error('The packets are not made yet')
  const producer = await openProducer(access, { clientId: 'bench' })
  const sent: SentVisit[] = []
  await playStream({
    producer,
    source: survey.visits(visits),
    ...pace,
    onVisit: ({ visit, packets, bytes, durationMs }) => {
      const endMs = Date.now()
      sent.push({ visit: visit.toString(), packets, bytes, beginMs: endMs - durationMs, endMs })
    },
  })
  await producer.close()
  return sent
}

async function answer(message: Prepare | Play): Promise<unknown> {
  if ('play' in message) return play(message.play)
  survey = await openBenchSurvey(message.prepare)
  return true
}

process.on('message', message => {
  void answer(message as Prepare | Play).then(reply => process.send?.(reply))
})
process.once('disconnect', () => process.exit(0))
