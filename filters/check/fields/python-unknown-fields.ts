// Fields that a Python filter names and that no packet of its stream has: told before it runs, where the text leaves no doubt.
import { type Field } from './columns-read.ts'
import { nearNames } from './near-names.ts'
import { MAX_PROBLEMS, type Problem, ProblemCode } from '../parse/problem.ts'

/** Names of each record by where it is: `` is the alert, `diaSource` a record, `prvDiaSources[]` an item of a list. */
type Records = ReadonlyMap<string, ReadonlySet<string>>

const LONG_TEXTS = /"""[\s\S]*?"""|'''[\s\S]*?'''|#[^\n]*/g
const ALERT = /\bdef[ \t]+filter(?:_batch)?[ \t]*\([ \t]*(?:self[ \t]*,[ \t]*)?(\w+)/g
/** A name and what is asked of it: `["psfFlux"]`, `[0]`, `.get("psfFlux"`, `.diaSource`. */
const STEP =
  /\[[ \t]*(?:"(\w+)"|'(\w+)'|-?\d+)[ \t]*\]|\.get\([ \t]*(?:"(\w+)"|'(\w+)')[ \t]*(?:,[^()\n]{0,40})?\)|\.(\w+)/y
const WORD = /(?<![\w."'])[A-Za-z_]\w*/g
const ASSIGNED = /^[ \t]*(\w+)[ \t]*=(?!=)[ \t]*/gm
/** Where else a name may be given something: parameters, several targets at once, `as`, `:=`. */
const PARAMETERS = /\b(?:lambda|def[ \t]+\w{1,100}[ \t]*\()([^:\n)]{0,1000})/g
const SEVERAL = /^[^=\n]*,[^=\n]*(?==(?!=))|\bfor[ \t]+\w{1,100}[ \t]*,[^=\n]{0,1000}?\bin\b/gm
const OTHERWISE = /\bas[ \t]+(\w+)|(?<!\w)(\w+)[ \t]*:=/g
const LOOP = /\bfor[ \t]+(\w+)[ \t]+in[ \t]+(?=\w)/g

function recordsOf(fields: readonly Field[]): Records {
  const records = new Map<string, Set<string>>([['', new Set()]])
  const named = (record: string): Set<string> => {
    const names = records.get(record) ?? new Set()
    records.set(record, names)
    return names
  }
  for (const { path, list } of fields) {
    const names = [...(list?.split('.') ?? []), ...path.split('.')]
    const items = list?.split('.').length
    let record = ''
    for (const [depth, name] of names.entries()) {
      named(record).add(name)
      record += `${record === '' ? '' : '.'}${name}${depth + 1 === items ? '[]' : ''}`
    }
  }
  return records
}

/** One warning for each place that names a field which no schema has. Nothing is said of names whose record is not certain. */
export function unknownPythonFields(source: string, fields: readonly Field[]): Problem[] {
  const records = recordsOf(fields)
  if ((records.get('')?.size ?? 0) === 0) return []
  const text = source.replaceAll(LONG_TEXTS, hidden => hidden.replaceAll(/[^\n]/g, ' '))
  const known = new Map<string, string | undefined>()
  for (const [, name = ''] of text.matchAll(ALERT)) known.set(name, '')
  const problems: Problem[] = []

  /** Follows what is asked of a record; the record it ends at, or undefined where that is not certain. */
  const follow = (
    from: number,
    start: string,
    tell: boolean,
  ): { readonly record: string | undefined; readonly end: number } => {
    let record: string | undefined = start
    STEP.lastIndex = from
    for (let end = from; ; end = STEP.lastIndex) {
      const step = STEP.exec(text)
      if (step === null || record === undefined) return { record, end }
      const name: string | undefined = step[1] ?? step[2] ?? step[3] ?? step[4]
      const names: ReadonlySet<string> | undefined = records.get(record)
      const attribute = step[5]
      if (name === undefined && attribute === undefined) record = records.has(`${record}[]`) ? `${record}[]` : undefined
      else if (names?.has(name ?? attribute ?? '')) record = `${record === '' ? '' : `${record}.`}${name ?? attribute}`
      else {
        if (tell && name !== undefined && names !== undefined)
          problems.push(unknown(text, step.index, name, record, names))
        record = undefined
      }
    }
  }
  const ends = (at: number): boolean => /^[ \t]*(?:or\b[^\n]*)?:?[ \t]*(?:\r?\n|$)/.test(text.slice(at, at + 60))
  const bind = (name: string, record: string | undefined): void => {
    // Given twice, it may be either.
    known.set(name, known.has(name) && known.get(name) !== record ? undefined : record)
  }
  const target = (at: number): { readonly record: string | undefined; readonly end: number } => {
    const [name = ''] = /^\w{1,100}/.exec(text.slice(at, at + 100)) ?? []
    const start = known.get(name)
    return start === undefined ? { record: undefined, end: at } : follow(at + name.length, start, false)
  }
  const alerts = new Set(known.keys())
  for (const [part] of [...text.matchAll(PARAMETERS), ...text.matchAll(SEVERAL), ...text.matchAll(OTHERWISE)])
    for (const [name] of part.matchAll(/[A-Za-z_]\w*/g)) if (!alerts.has(name)) known.set(name, undefined)
  for (const { index, 0: whole, 1: name = '' } of text.matchAll(ASSIGNED)) {
    const { record, end } = target(index + whole.length)
    bind(
      name,
      record !== undefined && (records.has(record) || records.has(`${record}[]`)) && ends(end) ? record : undefined,
    )
  }
  for (const { index, 0: whole, 1: name = '' } of text.matchAll(LOOP)) {
    const { record } = target(index + whole.length)
    bind(name, record !== undefined && records.has(`${record}[]`) ? `${record}[]` : undefined)
  }
  for (const { index, 0: name } of text.matchAll(WORD)) {
    const record = known.get(name)
    if (record !== undefined) follow(index + name.length, record, true)
    if (problems.length >= MAX_PROBLEMS) break
  }
  return problems
}

function unknown(text: string, at: number, name: string, record: string, names: ReadonlySet<string>): Problem {
  const before = text.slice(0, at)
  const near = nearNames(name, names)
  const meant = near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''
  return {
    code: ProblemCode.unknownField,
    message: `no packet of this stream has ${name} in ${record === '' ? 'an alert' : record}${meant}`,
    line: before.split('\n').length,
    column: at - before.lastIndexOf('\n') + text.slice(at).search(/["']/) + 1,
  }
}
