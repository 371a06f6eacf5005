import { expect, test, vi } from 'vitest'
import { HubError } from '#hub'
import { openOffice } from './leadership.ts'

const desk = () => ({ close: vi.fn<() => Promise<void>>(async () => undefined) })
const open = (take: () => Promise<ReturnType<typeof desk>>, waitMs = 2000) => {
  const terms: AbortSignal[] = []
  const troubles: unknown[] = []
  const office = openOffice({
    take,
    waitMs,
    onTerm: signal => void terms.push(signal),
    onTrouble: error => void troubles.push(error),
  })
  return { office, terms, troubles }
}

test('work waits until this instance leads, and runs one piece at a time in its order', async () => {
  const { office } = open(async () => desk())
  const log: string[] = []
  const piece = (name: string) =>
    office.run(async () => {
      log.push(`${name} begins`)
      await new Promise(resolve => setImmediate(resolve))
      log.push(`${name} ends`)
    })
  const both = Promise.all([piece('first'), piece('second')])
  expect(log).toEqual([])
  office.enter()
  await both
  expect(log).toEqual(['first begins', 'first ends', 'second begins', 'second ends'])
  await office.close()
})

test('without a leader work is refused with what to do', async () => {
  const { office } = open(async () => desk(), 30)
  await expect(office.run(async () => undefined)).rejects.toMatchObject({ code: 'API_LEADER_MISSING' })
  await office.close()
})

test('a writer that was fenced off is given up, its term ends, and the office is taken anew', async () => {
  const desks: ReturnType<typeof desk>[] = []
  const { office, terms } = open(async () => {
    desks.push(desk())
    return desks.at(-1)!
  })
  office.enter()
  const fenced = office.run(() => Promise.reject(new HubError('HUB_FENCED', 'another leads')))
  await expect(fenced).rejects.toMatchObject({ code: 'API_LEADER_MISSING' })
  expect(terms[0]?.aborted).toBe(true)
  expect(desks[0]?.close).toHaveBeenCalledOnce()
  expect(await office.run(async writer => writer === desks[1])).toBe(true)
  await office.close()
})

test('what the work itself throws reaches the caller and ends no term', async () => {
  const { office, terms } = open(async () => desk())
  office.enter()
  await expect(office.run(() => Promise.reject(new Error('taken')))).rejects.toThrow('taken')
  expect(terms[0]?.aborted).toBe(false)
  await office.close()
})

test('taking the office is tried again until it succeeds', async () => {
  let attempts = 0
  const { office, troubles } = open(async () => {
    attempts += 1
    if (attempts === 1) throw new HubError('HUB_UNREACHABLE', 'no broker')
    return desk()
  })
  office.enter()
  await office.run(async () => undefined)
  expect(attempts).toBe(2)
  expect(troubles).toHaveLength(1)
  await office.close()
})

/** Each take, and each closing of a writer, waits until the test lets it go on. */
const gated = () => {
  const takes: PromiseWithResolvers<ReturnType<typeof desk>>[] = []
  const opened = open(() => {
    takes.push(Promise.withResolvers())
    return takes.at(-1)!.promise
  })
  return { ...opened, takes }
}
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

test('chosen again while the writer of an unwanted term closes, this instance takes office', async () => {
  const { office, terms, takes } = gated()
  office.enter()
  office.leave()
  const closing = Promise.withResolvers<void>()
  takes[0]?.resolve({ close: vi.fn<() => Promise<void>>(() => closing.promise) })
  await turn()
  office.enter()
  closing.resolve()
  await turn()
  takes[1]?.resolve(desk())
  await office.run(async () => undefined)
  expect([office.isHeld, terms.length, takes.length]).toEqual([true, 1, 2])
  await office.close()
})

test('no term begins for a choice that has ended: the work of the instance that leads now stays its own', async () => {
  const { office, terms, takes } = gated()
  office.enter()
  office.leave()
  const unwanted = desk()
  takes[0]?.resolve(unwanted)
  await turn()
  expect(terms).toHaveLength(0)
  expect(unwanted.close).toHaveBeenCalledOnce()
  expect(office.isHeld).toBe(false)
  await office.close()
})

test('chosen, not chosen and chosen again within one take, the office is taken anew, behind whoever held it between', async () => {
  const { office, terms, takes } = gated()
  office.enter()
  office.leave()
  office.enter()
  const early = desk()
  takes[0]?.resolve(early)
  await turn()
  expect([terms.length, early.close.mock.calls.length]).toEqual([0, 1])
  takes[1]?.resolve(desk())
  await turn()
  expect([terms.length, office.isHeld]).toEqual([1, true])
  await office.close()
})

test('work of a term that ended does not end the next one when its write fails', async () => {
  const { office, terms } = open(async () => desk())
  office.enter()
  await office.run(async () => undefined)
  const failing = Promise.withResolvers<never>()
  const work = office.run(() => failing.promise)
  await turn()
  office.leave()
  office.enter()
  await turn()
  failing.reject(new HubError('HUB_FENCED', 'of the term before'))
  await expect(work).rejects.toMatchObject({ code: 'API_LEADER_MISSING' })
  expect(terms.map(({ aborted }) => aborted)).toEqual([true, false])
  await office.close()
})
