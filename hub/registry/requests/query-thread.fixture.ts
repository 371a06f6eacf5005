// A thread of queries that never comes back from one about the subject `loop`.
import { parentPort } from 'node:worker_threads'
import { type ToThread } from './query.ts'

parentPort?.on('message', (told: ToThread) => {
  if (!('query' in told)) return
  const { number, query } = told
  while (query.subject === 'loop');
  parentPort?.postMessage({ number, answer: { subject: query.subject } }, [])
})
parentPort?.postMessage({ isReady: true }, [])
