// A thread of questions that never comes back from one about the subject `loop`.
import { parentPort } from 'node:worker_threads'
import { type ToThread } from './question.ts'

parentPort?.on('message', (told: ToThread) => {
  if (!('question' in told)) return
  const { number, question } = told
  while (question.subject === 'loop');
  parentPort?.postMessage({ number, answer: { subject: question.subject } }, [])
})
parentPort?.postMessage({ isReady: true }, [])
