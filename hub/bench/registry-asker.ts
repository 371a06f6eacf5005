// Asks one address as often as it is answered, by connections that stay open; tells its parent how often that was.
import { Agent, get } from 'node:http'
import { text } from 'node:stream/consumers'
import { quantileOf } from '../quantiles.ts'

const [url = '', seconds = '5', clients = '20'] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: Number(clients) })

const ask = (): Promise<void> =>
  new Promise((resolve, reject) => {
    get(url, { agent }, response => {
      if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`))
      text(response).then(() => resolve(), reject)
    }).once('error', reject)
  })

const askUntil = async (endMs: number, timesMs: number[]): Promise<void> => {
  while (performance.now() < endMs) {
    const begunMs = performance.now()
    await ask()
    timesMs.push(performance.now() - begunMs)
  }
}
const run = async (runMs: number): Promise<number[]> => {
  const timesMs: number[] = []
  const endMs = performance.now() + runMs
  await Promise.all(Array.from({ length: Number(clients) }, () => askUntil(endMs, timesMs)))
  return timesMs.toSorted((a, b) => a - b)
}

await run(1000)
const runMs = Number(seconds) * 1000
const timesMs = await run(runMs)
const p99Ms = quantileOf(timesMs, 0.99)
process.send?.({
  perSecond: Math.round((timesMs.length / runMs) * 1000),
  p99Ms: Number(p99Ms.toFixed(2)),
})
agent.destroy()
process.disconnect()
