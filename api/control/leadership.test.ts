import { expect, test, vi } from 'vitest'
import { HubError } from '#hub'
import { openLeadership } from './leadership.ts'

const newWriter = () => ({ close: vi.fn<() => Promise<void>>(async () => undefined) })
const open = (openWriter: () => Promise<ReturnType<typeof newWriter>>, waitMs = 2000) => {
  const signals: AbortSignal[] = []
  const troubles: unknown[] = []
  const leadership = openLeadership({
    openWriter,
    waitMs,
    onAcquired: signal => void signals.push(signal),
    onTrouble: error => void troubles.push(error),
  })
  return { leadership, signals, troubles }
}

test('work waits until this instance leads, and runs one piece at a time in its order', async () => {
  const { leadership } = open(async () => newWriter())
  const log: string[] = []
  const piece = (name: string) =>
    leadership.run(async () => {
      log.push(`${name} begins`)
      await new Promise(resolve => setImmediate(resolve))
      log.push(`${name} ends`)
    })
  const both = Promise.all([piece('first'), piece('second')])
  expect(log).toEqual([])
  leadership.acquire()
  await both
  expect(log).toEqual(['first begins', 'first ends', 'second begins', 'second ends'])
  await leadership.close()
})

test('without a leader work is refused with what to do', async () => {
  const { leadership } = open(async () => newWriter(), 30)
  await expect(leadership.run(async () => undefined)).rejects.toMatchObject({ code: 'API_LEADER_MISSING' })
  await leadership.close()
})

test('a writer that was fenced off is given up, its signal ends, and a new one is opened', async () => {
  const writers: ReturnType<typeof newWriter>[] = []
  const { leadership, signals } = open(async () => {
    writers.push(newWriter())
    return writers.at(-1)!
  })
  leadership.acquire()
  const fenced = leadership.run(() => Promise.reject(new HubError('HUB_FENCED', 'another leads')))
  await expect(fenced).rejects.toMatchObject({ code: 'API_LEADER_MISSING' })
  expect(signals[0]?.aborted).toBe(true)
  expect(writers[0]?.close).toHaveBeenCalledOnce()
  expect(await leadership.run(async writer => writer === writers[1])).toBe(true)
  await leadership.close()
})

test('what the work itself throws reaches the caller and the writer stays', async () => {
  const { leadership, signals } = open(async () => newWriter())
  leadership.acquire()
  await expect(leadership.run(() => Promise.reject(new Error('taken')))).rejects.toThrow('taken')
  expect(signals[0]?.aborted).toBe(false)
  await leadership.close()
})

test('opening the writer is tried again until it succeeds', async () => {
  let attempts = 0
  const { leadership, troubles } = open(async () => {
    attempts += 1
    if (attempts === 1) throw new HubError('HUB_UNREACHABLE', 'no broker')
    return newWriter()
  })
  leadership.acquire()
  await leadership.run(async () => undefined)
  expect(attempts).toBe(2)
  expect(troubles).toHaveLength(1)
  await leadership.close()
})

/** Each opening, and each closing of a writer, waits until the test lets it go on. */
const gated = () => {
  const openings: PromiseWithResolvers<ReturnType<typeof newWriter>>[] = []
  const opened = open(() => {
    openings.push(Promise.withResolvers())
    return openings.at(-1)!.promise
  })
  return { ...opened, openings }
}
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

test('chosen again while a writer that nobody wants closes, this instance opens the next one and leads', async () => {
  const { leadership, signals, openings } = gated()
  leadership.acquire()
  leadership.resign()
  const closing = Promise.withResolvers<void>()
  openings[0]?.resolve({ close: vi.fn<() => Promise<void>>(() => closing.promise) })
  await turn()
  leadership.acquire()
  closing.resolve()
  await turn()
  openings[1]?.resolve(newWriter())
  await leadership.run(async () => undefined)
  expect([leadership.isHeld, signals.length, openings.length]).toEqual([true, 1, 2])
  await leadership.close()
})

test('nothing begins for a choice that has ended: the work of the instance that leads now stays its own', async () => {
  const { leadership, signals, openings } = gated()
  leadership.acquire()
  leadership.resign()
  const unwanted = newWriter()
  openings[0]?.resolve(unwanted)
  await turn()
  expect(signals).toHaveLength(0)
  expect(unwanted.close).toHaveBeenCalledOnce()
  expect(leadership.isHeld).toBe(false)
  await leadership.close()
})

test('chosen, not chosen and chosen again within one opening, the writer is opened anew, behind whoever led between', async () => {
  const { leadership, signals, openings } = gated()
  leadership.acquire()
  leadership.resign()
  leadership.acquire()
  const early = newWriter()
  openings[0]?.resolve(early)
  await turn()
  expect([signals.length, early.close.mock.calls.length]).toEqual([0, 1])
  openings[1]?.resolve(newWriter())
  await turn()
  expect([signals.length, leadership.isHeld]).toEqual([1, true])
  await leadership.close()
})

test('work of a writer that was given up does not end the next one when its write fails', async () => {
  const { leadership, signals } = open(async () => newWriter())
  leadership.acquire()
  await leadership.run(async () => undefined)
  const failing = Promise.withResolvers<never>()
  const work = leadership.run(() => failing.promise)
  await turn()
  leadership.resign()
  leadership.acquire()
  await turn()
  failing.reject(new HubError('HUB_FENCED', 'of the writer before'))
  await expect(work).rejects.toMatchObject({ code: 'API_LEADER_MISSING' })
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  await leadership.close()
})
