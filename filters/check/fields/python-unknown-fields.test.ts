import { expect, test } from 'vitest'
import { examples } from '../../trial/examples.ts'
import { type Field } from './columns-read.ts'
import { unknownPythonFields } from './python-unknown-fields.ts'
import { syntheticSchema } from '../../trial/sample.ts'
import { fieldsOf } from '#hub'

const fields: readonly Field[] = fieldsOf(syntheticSchema())
const messages = (source: string): string[] =>
  unknownPythonFields(source, fields).map(({ message, line, column }) => `${line}:${column} ${message}`)
const body = (...lines: string[]): string => `def filter(alert):\n${lines.map(line => `    ${line}\n`).join('')}`

test.each([
  [
    'of the alert',
    ['return alert["diaSorce"] is None'],
    '2:19 no packet of this stream has diaSorce in an alert; did you mean diaSource',
  ],
  [
    'of a record',
    ['return alert["diaSource"]["psfFlx"] > 5'],
    '2:32 no packet of this stream has psfFlx in diaSource; did you mean psfFlux',
  ],
  [
    'asked for with get',
    ["return alert.get('diaSource').get('psfFlx', 0) > 5"],
    '2:40 no packet of this stream has psfFlx in diaSource',
  ],
  [
    'of a list’s item',
    ['return alert["prvDiaSources"][0]["psfFlx"]'],
    '2:39 no packet of this stream has psfFlx in prvDiaSources[]',
  ],
  [
    'of a variable',
    ['source = alert["diaSource"]', 'return source["midPointTai"]'],
    '3:20 no packet of this stream has midPointTai in diaSource; did you mean midpointMjdTai',
  ],
  [
    'in a loop',
    ['return any(p["psfFlx"] for p in alert["prvDiaSources"] or [])'],
    '2:19 no packet of this stream has psfFlx in prvDiaSources[]',
  ],
  [
    'by attribute of a batch',
    ['return alert.diaSource["psfFlx"]'],
    '2:29 no packet of this stream has psfFlx in diaSource',
  ],
])('a field that no schema has is told: %s', (_how, lines, expected) => {
  const [first, ...more] = messages(body(...lines))
  expect(first).toContain(expected)
  expect(more).toEqual([])
})

test.each([
  ['of another dict', ['table = {"a": 1}', 'return table["b"] > alert["diaSource"]["psfFlux"]']],
  ['of a variable that is given twice', ['x = alert["diaSource"]', 'x = {"own": 1}', 'return x["own"]']],
  ['of a copy', ['own = dict(alert["diaSource"])', 'own["mine"] = 1', 'return own["mine"] > 0']],
  ['in a comment or docstring', ['"""alert["nothing"]"""', 'return True  # alert["nothing"]']],
  ['of a value', ['return alert["diaSource"]["band"][0] == "g"']],
  ['of a method', ['return alert["diaSource"].items().nothing["a"]']],
  ['of several targets', ['source, found = alert["diaSource"], alert["diaObject"]', 'return found["nothing"]']],
  [
    'of a parameter',
    ['source = alert["diaSource"]', 'def own(source): return source["own"]', 'return own({"own": source["psfFlux"]})'],
  ],
  ['of one of several targets', ['source = alert["diaSource"]', 'a, source = 1, {"own": 1}', 'return source["own"]']],
  ['of what a loop gives', ['for name, source in {"a": {"own": 1}}.items(): pass', 'return source["own"]']],
  ['of a condition', ['x = alert["diaSource"] if alert["diaObject"] else {"own": 1}', 'return x["own"]']],
])('nothing is said of what may be right: %s', (_how, lines) => {
  expect(messages(body(...lines))).toEqual([])
})

test('the examples name nothing that there is not', () => {
  const python = examples().filter(({ language }) => language === 'python')
  expect(python.flatMap(({ source }) => messages(source))).toEqual([])
})
