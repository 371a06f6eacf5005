import { expect, test } from 'vitest'
import { HubError } from '../errors.ts'
import { openTakeOver } from './take-over-schemas.ts'

const schemaOf = (field: string): string =>
  JSON.stringify({ type: 'record', name: 'alert', fields: [{ name: field, type: 'long' }] })
const away = (): never => {
  throw new HubError('HUB_REGISTRY_UNREACHABLE', 'it does not answer')
}

/** A hub's registry with these schemas, and a survey's that answers as `find` says. */
const open = (find: ((id: number) => string | undefined) | undefined, own: Record<number, string> = {}) => {
  const hub = new Map(Object.entries(own).map(([id, json]) => [Number(id), json]))
  const registered: string[] = []
  const problems: (string | undefined)[] = []
  const taken: number[] = []
  const stop = new AbortController()
  const takeOver = openTakeOver({
    survey: find && { find: async id => find(id) },
    registry: {
      find: async id => hub.get(id),
      importSchema: async ({ id, schemaJson }) => void hub.set(id, schemaJson),
      register: async (subject, _json, id = 0) => {
        registered.push(`${subject} ${id}`)
        return id
      },
    },
    subject: 'lsst-alerts-v11-value',
    waitMs: 300,
    onProblem: problem => problems.push(problem),
    onTaken: id => taken.push(id),
    signal: stop.signal,
  })
  return { takeOver, hub, registered, problems, taken, stop }
}

test('a schema that the hub lacks is taken from the survey under its id before packets go on, once', async () => {
  const asked: number[] = []
  const { takeOver, hub, registered, taken } = open(id => {
    asked.push(id)
    return schemaOf('diaSourceId')
  })
  await takeOver([1101])
  expect(hub.get(1101)).toBe(schemaOf('diaSourceId'))
  expect(registered).toEqual(['lsst-alerts-v11-value 1101'])
  await takeOver([1101])
  expect(asked).toEqual([1101])
  expect(taken).toEqual([1101])
})

test('while the survey’s registry is away packets with an unknown id wait and it is said, those with known ids go on', async () => {
  let isAway = true
  const { takeOver, problems, taken } = open(() => (isAway ? away() : schemaOf('b')), { 1100: schemaOf('a') })
  await takeOver([1100])
  const waiting = takeOver([1101])
  await expect.poll(() => problems.at(-1)).toMatch(/^schema 1101: it does not answer/)
  expect(taken).toEqual([])
  isAway = false
  await waiting
  expect(taken).toEqual([1101])
  expect(problems.at(-1)).toBeUndefined()
})

test('an id that nobody has is waited for, within bounds, and then left to whoever reads the packet', async () => {
  const { takeOver, problems, hub } = open(() => undefined)
  await takeOver([7])
  expect(problems).toContain('schema 7, which a packet names, is in no registry')
  expect(hub.size).toBe(0)
})

test('without a registry of the survey the hub’s own has to know the ids', async () => {
  const { takeOver, problems } = open(undefined, { 1100: schemaOf('a') })
  await takeOver([1100])
  expect(problems).toEqual([undefined])
  await takeOver([1101])
  expect(problems).toContain('schema 1101, which a packet names, is in no registry')
})

test('packets wait where survey and hub have different schemas of one id, until an operator has mended that', async () => {
  const { takeOver, hub, problems } = open(() => schemaOf('theirs'), { 1100: schemaOf('ours') })
  let isOver = false
  const waiting = takeOver([1100]).then(() => (isOver = true))
  await expect.poll(() => problems.at(-1)).toMatch(/another one than schema 1100 of this hub/)
  expect(isOver).toBe(false)
  hub.delete(1100)
  await waiting
  expect(hub.get(1100)).toBe(schemaOf('theirs'))
})

test('a schema that no part of this system can read holds nothing up', async () => {
  const { takeOver, hub } = open(() => '{"type":"string"}')
  await takeOver([1103])
  expect(hub.size).toBe(0)
})

test('waiting ends with the process', async () => {
  const { takeOver, stop } = open(away)
  const waiting = takeOver([1101])
  stop.abort()
  await expect(waiting).rejects.toThrow(/abort/i)
})
