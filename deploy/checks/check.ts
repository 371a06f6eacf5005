// npm run check: what needs no server, two steps at a time. A step that fails is shown whole, one that does not by its time.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Longest first. */
const STEPS = ['test:unit', 'check:format', 'check:types', 'check:lint', 'check:unused']

const run = (step: string): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const begunMs = performance.now()
  const output: Buffer[] = []
  const child = spawn('npm', ['run', '-s', step], { stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => output.push(part))
  child.once('error', error => output.push(Buffer.from(error.message)))
  child.once('close', code => {
    const seconds = ((performance.now() - begunMs) / 1000).toFixed(1)
    if (code !== 0) process.stdout.write(Buffer.concat(output))
    console.log(`${step} ${code === 0 ? 'passed' : 'FAILED'} after ${seconds} s`)
    resolve(code === 0)
  })
  return promise
}

const waiting = [...STEPS]
const work = async (): Promise<boolean> => {
  let isSound = true
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) if (!(await run(step))) isSound = false
  return isSound
}
const workers = Array.from({ length: Math.max(2, availableParallelism()) }, work)
process.exitCode = (await Promise.all(workers)).every(Boolean) ? 0 : 1
