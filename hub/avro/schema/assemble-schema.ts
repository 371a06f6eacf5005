// The surveys publish a schema as a folder with one file for each record. A registry stores one text.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HubError } from '../../errors.ts'
import { canonicalText, parseSchema } from './parse-schema.ts'

/** The schema of one file, by full name. */
type Records = ReadonlyMap<string, Readonly<Record<string, unknown>>>

/**
 * The canonical text of the schema in a folder: the record named `alert`, with the records its fields name put in where they are first named.
 * Throws HubError HUB_SCHEMA_INVALID for a folder without an `alert`, a file that is none, or a name that no file defines.
 */
export const assembleSchema = async (dir: string): Promise<string> => {
  const records = new Map<string, Record<string, unknown>>()
  for (const file of (await readdir(dir)).filter(name => name.endsWith('.avsc')).toSorted()) {
    const record = await readRecord(join(dir, file))
    records.set(fullName(String(record['name']), record['namespace']), record)
  }
  const root = [...records.keys()].find(name => /(^|\.)alert$/.test(name))
  if (root === undefined)
    throw new HubError(
      'HUB_SCHEMA_INVALID',
      `${dir} has no .avsc file with a record named alert; give the folder of one schema version, such as 11/0`,
    )
  return canonicalText(parseSchema(JSON.stringify(inline(root, undefined, records, new Set()))))
}

const fullName = (name: string, namespace: unknown): string =>
  name.includes('.') || typeof namespace !== 'string' ? name : `${namespace}.${name}`

const readRecord = async (path: string): Promise<Record<string, unknown>> => {
  const text = await readFile(path, 'utf8')
  try {
    const record: Record<string, unknown> = { ...JSON.parse(text) }
    if (typeof record['name'] === 'string' && Array.isArray(record['fields'])) return record
  } catch (cause) {
    throw new HubError('HUB_SCHEMA_INVALID', `${path} is not JSON: ${String(cause)}`, { cause })
  }
  throw new HubError('HUB_SCHEMA_INVALID', `${path} is not the schema of a record: it has no name or no fields`)
}

/** A type with every record that a file defines written out the first time it is named. */
const inline = (type: unknown, namespace: unknown, records: Records, done: Set<string>): unknown => {
  if (Array.isArray(type)) return type.map(branch => inline(branch, namespace, records, done))
  if (typeof type === 'string') {
    const name = records.has(fullName(type, namespace)) ? fullName(type, namespace) : type
    const record = records.get(name)
    if (!record || done.has(name)) return name
    done.add(name)
    return inline({ ...record, name }, namespace, records, done)
  }
  if (typeof type !== 'object' || type === null) return type
  const copy: Record<string, unknown> = { ...type }
  const space = copy['namespace'] ?? namespace
  const within = (inner: unknown): unknown => inline(inner, space, records, done)
  if (typeof copy['type'] === 'object') copy['type'] = within(copy['type'])
  for (const part of ['items', 'values']) if (part in copy) copy[part] = within(copy[part])
  if (Array.isArray(copy['fields']))
    copy['fields'] = copy['fields'].map((field: Record<string, unknown>) => ({ ...field, type: within(field['type']) }))
  return copy
}
