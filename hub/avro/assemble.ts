// The surveys publish a schema as a folder with one file for each record. A registry stores one text.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HubError } from '../errors.ts'
import { canonicalText, parseSchema } from './schema.ts'

interface RecordFile {
  readonly name: string
  readonly namespace?: string
  readonly fields: readonly { readonly name: string; readonly type: unknown }[]
}

/**
 * The canonical text of the schema in a folder: the record named `alert`, with the records its fields name put in where they are first named.
 * Throws HubError HUB_SCHEMA_INVALID for a folder without an `alert`, a file that is none, or a name that no file defines.
 */
export const assembleSchema = async (dir: string): Promise<string> => {
  const records = new Map<string, RecordFile>()
  for (const file of (await readdir(dir)).filter(name => name.endsWith('.avsc')).toSorted()) {
    const record = await readRecord(join(dir, file))
    records.set(fullName(record.name, record.namespace), record)
  }
  const root = [...records.keys()].find(name => name === 'alert' || name.endsWith('.alert'))
  if (root === undefined)
    throw new HubError(
      'HUB_SCHEMA_INVALID',
      `${dir} has no .avsc file with a record named alert; give the folder of one schema version, such as 11/0`,
    )
  return canonicalText(parseSchema(JSON.stringify(inline(root, undefined, records, new Set()))))
}

const fullName = (name: string, namespace: string | undefined): string =>
  name.includes('.') || namespace === undefined ? name : `${namespace}.${name}`

const readRecord = async (path: string): Promise<RecordFile> => {
  const text = await readFile(path, 'utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new HubError('HUB_SCHEMA_INVALID', `${path} is not JSON: ${String(cause)}`, { cause })
  }
  const record = value as Partial<RecordFile> | null
  if (typeof record?.name !== 'string' || !Array.isArray(record.fields))
    throw new HubError('HUB_SCHEMA_INVALID', `${path} is not the schema of a record: it has no name or no fields`)
  return record as RecordFile
}

/** A type with every record that a file defines written out the first time it is named. */
const inline = (
  type: unknown,
  namespace: string | undefined,
  records: ReadonlyMap<string, RecordFile>,
  done: Set<string>,
): unknown => {
  const within = (inner: unknown, space = namespace): unknown => inline(inner, space, records, done)
  if (Array.isArray(type)) return type.map(branch => within(branch))
  if (typeof type === 'string') {
    const name = fullName(type, namespace)
    const known = records.has(name) ? name : type
    const record = records.get(known)
    if (!record) return type
    if (done.has(known)) return known
    done.add(known)
    const space = record.namespace ?? namespace
    const fields = record.fields.map(field => ({ name: field.name, type: within(field.type, space) }))
    return { type: 'record', name: known, fields }
  }
  if (typeof type !== 'object' || type === null) return type
  const complex = type as Record<string, unknown>
  const copy: Record<string, unknown> = { ...complex }
  const space = typeof complex['namespace'] === 'string' ? complex['namespace'] : namespace
  if ('items' in complex) copy['items'] = within(complex['items'])
  if ('values' in complex) copy['values'] = within(complex['values'])
  if (typeof complex['type'] === 'object') copy['type'] = within(complex['type'])
  if (Array.isArray(complex['fields']))
    copy['fields'] = complex['fields'].map((field: Record<string, unknown>) => ({
      name: field['name'],
      type: within(field['type'], space),
    }))
  return copy
}
