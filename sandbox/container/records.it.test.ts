// What Python filters see: dicts of all fields, read from the columns that are carried; and what becomes of a field that is not.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ColumnSet } from '../columns/batch.ts'
import { columnNames, columnsNamed } from '../columns/wanted-columns.ts'
import { batchOf } from '../conformance/batch-of.ts'
import { SAMPLE_LIMITS, SAMPLE_RECORDS, SAMPLE_SET } from '../conformance/sample.ts'
import { sampleProgram, tryOut, verdictWords } from '../conformance/suite.ts'
import { type Verdicts } from '../sandbox.ts'
import { type Engine, openTestSandbox, startEngine } from './engine.fixture.ts'
import { type ContainerSandbox } from './open-container-sandbox.ts'

const NOTHING: ColumnSet = { columns: [], lists: [] }
const LIMITS = { ...SAMPLE_LIMITS, batchMs: 5000 }
const module = (body: string): string => `import json\ndef filter(alert):\n    ${body.replaceAll('\n', '\n    ')}\n`
const batched = (body: string): string =>
  `import numpy as np\nclass Case(AlertFilter):\n    def filter_batch(self, alerts):\n        ${body.replaceAll('\n', '\n        ')}\n`

let engine: Engine
let sandbox: ContainerSandbox
// The first run on a machine also assembles the image.
beforeAll(async () => {
  engine = await startEngine()
  sandbox = await openTestSandbox(engine)
}, 600_000)
afterAll(async () => {
  await sandbox?.close()
  await engine?.close()
})

const once = (source: string, reads: ColumnSet = SAMPLE_SET): Promise<Verdicts> =>
  tryOut(sandbox, sampleProgram('container', source, { reads, offers: SAMPLE_SET, limits: LIMITS }))

const namesOf = ({ wants }: Verdicts): readonly string[] => (wants === undefined ? [] : columnNames(wants).toSorted())

/** Runs a program again with what it reached until it has verdicts, and says what it learned each time. */
async function learned(source: string, reads: ColumnSet = NOTHING) {
  const steps: (readonly string[])[] = []
  let carried = new Set(columnNames(reads))
  for (;;) {
    const verdicts = await once(source, columnsNamed(carried, SAMPLE_SET))
    expect(verdicts.failure).toBeUndefined()
    if (verdicts.wants === undefined) return { steps, verdicts, words: verdictWords(verdicts) }
    const known = carried
    steps.push(namesOf(verdicts).filter(name => !known.has(name)))
    const texts = steps.flat()
    const within = texts.some(text => text.startsWith('object.')) ? ['object'] : []
    carried = new Set([...carried, ...texts, ...within])
  }
}

describe('a field that is not carried', () => {
  test.for([
    ['by a name that is built', 'return alert["sou" + "rce"][f"{\'fl\'}ux"] == 1.5', [['source.flux']]],
    ['by get', 'return (alert["source"].get("f" + "lux") or 0) == 1.5', [['source.flux']]],
    ['by attribute', 'return getattr(alert.source, "fl" + "ux") == 1.5', [['source.flux']]],
    [
      'in a match',
      'match alert["source"]:\n  case {"flux": float(flux), "band": "g"}: return flux == 1.5',
      [['source.flux'], ['source.band']],
    ],
    [
      'of a record that may be absent',
      'return (alert["object"] or {}).get("ra") == 10.25',
      [['object'], ['object.ra']],
    ],
    [
      'of a list',
      'return [item["id"] for item in alert["history"] or []][-1:] == [-5]',
      [['history'], ['history[].id']],
    ],
    ['by its presence', 'return bool(alert["object"]) and len(alert["history"] or []) == 3', [['object'], ['history']]],
    [
      'in a loop over names',
      'return any(alert["source"][name] == 1.5 for name in alert["source"])',
      [['source.band', 'source.detector', 'source.flagged', 'source.flux', 'source.id']],
    ],
    [
      'whatever the author catches',
      'try:\n  return alert["source"]["flux"] == 1.5\nexcept BaseException:\n  return True',
      [['source.flux']],
    ],
  ] as const)('is reached %s, and the batch then means the same', async ([, body, expected]) => {
    const { steps, words } = await learned(module(body))
    expect(steps).toEqual(expected.map(names => [...names].toSorted()))
    expect(words.map(word => (word === 'error' ? 'drop' : word))).toEqual(['pass', 'drop', 'drop', 'drop'])
  })

  test('leaves nothing of the try that reached it: no logs, annotations or errors', async () => {
    const body =
      'print("seen")\nif alert["name"] == "":\n  raise ValueError(alert["stamp"])\nreturn {"pass": True, "annotations": {"a": 1}}'
    const { steps, verdicts, words } = await learned(module(body))
    expect(steps).toEqual([['name'], ['stamp']])
    expect(words).toEqual(['pass', 'error', 'pass', 'pass'])
    expect(verdicts.logs).toEqual(['seen', 'seen', 'seen', 'seen'])
    const reads = { columns: SAMPLE_SET.columns.filter(({ path }) => path === 'name'), lists: [] }
    expect(await once(module(body), reads)).toMatchObject({ logs: [], passed: new Uint32Array(0) })
  })

  test('printing an alert, or writing it as JSON, shows all of it', async () => {
    const { steps, verdicts } = await learned(module('print(alert)\nreturn True'))
    expect(steps.length).toBe(1)
    expect(verdicts.logs[0]).toMatch(
      /^\{'name': 'α Centauri — 𝛿', 'source': \{'flux': 1.5, 'band': 'g', .*'detector': 85\}, 'object': \{'ra': 10.25\}/,
    )
    const { words } = await learned(module('return "Centauri" in json.dumps(alert, default=str, ensure_ascii=False)'))
    expect(words).toEqual(['pass', 'drop', 'drop', 'drop'])
  })

  test('is reached by a whole batch, too', async () => {
    const { steps, words } = await learned(
      batched('ra = alerts["object"]["r" + "a"]\nreturn np.isfinite(ra) & (alerts["history"].counts == 3)'),
    )
    expect(steps).toEqual([['object.ra'], ['history']])
    expect(words).toEqual(['pass', 'drop', 'drop', 'drop'])
  })

  test('that no schema has is a KeyError that names the nearest, and get has its default', async () => {
    const { firstError } = await once(module('return alert["source"]["fluxx"] > 1'))
    expect(firstError).toMatchObject({ message: 'KeyError: there is no field fluxx here; did you mean flux?', line: 3 })
    const { words } = await learned(module('return alert["source"].get("fluxx", 5) == 5'))
    expect(words).toEqual(['pass', 'pass', 'pass', 'pass'])
  })
})

test.for([
  ['alert["name"] = "x"', 'TypeError'],
  ['del alert["name"]', 'TypeError'],
  ['alert.update(name="x")', 'TypeError'],
  ['alert["source"].pop("flux")', 'TypeError'],
  ['alert["source"] |= {"a": 1}', 'TypeError'],
  ['alert.name = "x"', 'AttributeError'],
] as const)('to change a packet (%s) is an error that says what to do', async ([body, type]) => {
  const { firstError } = await once(module(`${body}\nreturn True`))
  expect(firstError?.message).toBe(
    `${type}: packets cannot be changed: make a copy first, with dict(record) or record.copy()`,
  )
})

test('an alert that is kept beyond its batch says so', async () => {
  const source = 'kept = []\ndef filter(alert):\n    kept.append(alert)\n    return kept[0]["name"] != "x"\n'
  const program = sampleProgram('container', source, { limits: LIMITS })
  await sandbox.load(program)
  const batch = batchOf({ set: SAMPLE_SET, records: SAMPLE_RECORDS })
  await sandbox.evaluate(batch, [program.id])
  const [verdicts] = await sandbox.evaluate(batch, [program.id])
  await sandbox.unload(program.id)
  expect(verdicts?.firstError?.message).toMatch(/RuntimeError: this alert belongs to a batch that is over/)
})

test.for([
  ['alerts.source.id > -2**61', ['pass', 'pass', 'drop', 'pass']],
  ['alerts.source.id != 0', ['pass', 'pass', 'drop', 'drop']],
  ['alerts.source.id', ['pass', 'drop', 'drop', 'drop']],
  ['alerts.source.detector', ['pass', 'drop', 'drop', 'drop']],
  ['alerts.source.detector < 100', ['pass', 'pass', 'drop', 'pass']],
  ['~(alerts.source.detector > 100)', ['pass', 'pass', 'drop', 'pass']],
  ['alerts.source.flagged', ['pass', 'drop', 'drop', 'pass']],
  ['~alerts.source.flagged', ['drop', 'pass', 'drop', 'drop']],
  ['alerts.source.band != "r"', ['pass', 'drop', 'drop', 'pass']],
  ['list(alerts.source.id > -2**61)', ['pass', 'pass', 'drop', 'pass']],
  ['(alerts.source.id > -2**61).astype(object)', ['pass', 'pass', 'drop', 'pass']],
  ['alerts.source.id.astype(float)', ['pass', 'drop', 'drop', 'drop']],
  ['alerts.source.filled("id", 5) > 0', ['pass', 'drop', 'pass', 'drop']],
  ['alerts.source.filled("band", "r") == "r"', ['drop', 'pass', 'pass', 'drop']],
  ['alerts.source.null("id") | alerts.source.null("flux")', ['drop', 'drop', 'pass', 'drop']],
  ['alerts.null("object")', ['drop', 'pass', 'drop', 'drop']],
  ['alerts.source.detector.dtype.kind == "i" and alerts.source.detector.mask', ['drop', 'drop', 'pass', 'drop']],
  ['alerts.source.flux', ['pass', 'drop', 'drop', 'drop']],
  ['alerts.source.flux != 0', ['pass', 'pass', 'drop', 'pass']],
  ['~(alerts.source.flux > 0)', ['drop', 'pass', 'drop', 'pass']],
  ['list(alerts.source.flux != 0)', ['pass', 'pass', 'drop', 'pass']],
  ['np.where(alerts.source.flux != 0, 1, 2)', ['pass', 'pass', 'drop', 'pass']],
  ['np.logical_and(alerts.source.flux != 0, np.ones(4, bool))', ['pass', 'pass', 'drop', 'pass']],
  ['~np.isin(alerts.source.band, ["r"])', ['pass', 'drop', 'drop', 'pass']],
  ['alerts.object.ra != 0', ['pass', 'drop', 'drop', 'pass']],
  ['alerts.stamp != b""', ['pass', 'drop', 'drop', 'drop']],
  [
    'np.bincount(alerts.history.alert[alerts.history.flux != 0], minlength=4) == [2, 0, 0, 1]',
    ['pass', 'pass', 'pass', 'pass'],
  ],
  ['np.add.reduceat(alerts.history.flux, [0, 1, 2, 3]) != 0', ['pass', 'drop', 'pass', 'pass']],
] as const)('what is null passes no whole batch: %s', async ([expression, expected]) => {
  const verdicts = await once(batched(`return ${expression}`))
  expect(verdicts.firstError).toBeUndefined()
  expect(verdictWords(verdicts)).toEqual(expected)
})

test.for([
  ['np.isnan(alerts.source.flux)', ['drop', 'pass', 'pass', 'drop']],
  ['np.where(np.isnan(alerts.source.flux), 9, alerts.source.flux)', ['pass', 'pass', 'pass', 'drop']],
  ['np.nan_to_num(alerts.source.flux, nan=9) == 9', ['drop', 'pass', 'pass', 'drop']],
  ['alerts.source.flux.filled(3) == 3', ['drop', 'drop', 'pass', 'drop']],
  ['alerts.source.filled("flux", 3) == 3', ['drop', 'drop', 'pass', 'drop']],
  ['alerts.source.band.filled("unknown") == "unknown"', ['drop', 'drop', 'pass', 'drop']],
  ['alerts.source.null("flux")', ['drop', 'drop', 'pass', 'drop']],
  ['[stamp is None for stamp in alerts.stamp]', ['drop', 'pass', 'pass', 'drop']],
  ['np.full(4, np.nanmax(alerts.source.flux) == 1.5)', ['pass', 'pass', 'pass', 'pass']],
] as const)('a null is found and replaced: %s', async ([expression, expected]) => {
  const verdicts = await once(batched(`return ${expression}`))
  expect(verdicts.firstError).toBeUndefined()
  expect(verdictWords(verdicts)).toEqual(expected)
})

test.for([
  // What decides without the null: the other side of an "or" that is true, of an "and" that is false.
  ['(alerts.source.flux > 0) | (alerts.history.counts == 0)', ['pass', 'drop', 'pass', 'drop']],
  ['~((alerts.source.flux > 0) & (alerts.history.counts > 0))', ['drop', 'pass', 'pass', 'pass']],
  // A division by zero is what it is in a batch without nulls.
  ['1 / (alerts.source.flux - 1.5) > 100', ['pass', 'drop', 'drop', 'drop']],
  ['(alerts.source.flux - 1.5) ** -2.0 > 100', ['pass', 'drop', 'drop', 'drop']],
  ['alerts.source.detector / 0 > 0', ['pass', 'drop', 'drop', 'drop']],
] as const)('a null changes no other answer: %s', async ([expression, expected]) => {
  const verdicts = await once(batched(`return ${expression}`))
  expect(verdicts.firstError).toBeUndefined()
  expect(verdictWords(verdicts)).toEqual(expected)
})

test('a column means the same in a batch that lacks nothing', async () => {
  const source = batched(
    'return (alerts.source.flux.filled(0) > 1) & (alerts.source.id > 0) & ~alerts.source.band.mask',
  )
  const program = sampleProgram('container', source, { limits: LIMITS })
  await sandbox.load(program)
  const words = []
  for (const records of [SAMPLE_RECORDS, SAMPLE_RECORDS.slice(0, 1)]) {
    const [verdicts] = await sandbox.evaluate(batchOf({ set: SAMPLE_SET, records }), [program.id])
    expect(verdicts?.firstError).toBeUndefined()
    words.push(verdictWords(verdicts as Verdicts)[0])
  }
  await sandbox.unload(program.id)
  expect(words).toEqual(['pass', 'pass'])
})
