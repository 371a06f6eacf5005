// A client of the registry over HTTP. In: a URL, with user and password for writing. Out: schemas by id, lookups, registrations, and imports under the
// ids that packets name, as Rubin's own tool does them.
import { parseSchema, canonicalText } from '../../avro/schema/parse-schema.ts'
import { HubError } from '../../errors.ts'

/** Where Rubin registers its alert schemas; versions in it are the ids. */
const SUBJECT = 'alert-packet'
const TYPE = 'application/vnd.schemaregistry.v1+json'
const NOT_FOUND = 404

/** A schema and the id by which packets name it. */
export interface SchemaText {
  readonly id: number
  readonly schemaJson: string
}

export interface RegistryClient {
  /** The schema's text; undefined where the registry has none of that id. */
  find(id: number): Promise<string | undefined>
  /** Puts a schema in under its own id; nothing to do where it is there already. */
  importSchema(schema: SchemaText): Promise<void>
  /** The id of a schema under a subject; undefined where it is not there. */
  lookUp(subject: string, schemaJson: string): Promise<number | undefined>
  /** Puts a schema in under a subject; answers the id it got or had. `version` is the survey's own, which Rubin's tool writes beside it. */
  register(subject: string, schemaJson: string, version?: number): Promise<number>
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** The address without user and password, which go into a header: they are in no message. */
const accessIn = (address: string): { url: string; headers: Record<string, string> } => {
  const url = new URL(address)
  const { username, password } = url
  if (password === '') return { url: address, headers: {} }
  url.username = ''
  url.password = ''
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { url: url.href, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } }
}

/** A client of the registry at a URL, which may hold a user and a password for writing. Every call throws HubError HUB_REGISTRY_REFUSED or HUB_REGISTRY_UNREACHABLE. */
export const openRegistryClient = (address: string, signal?: AbortSignal): RegistryClient => {
  const { url, headers } = accessIn(address)
  const ask = async (method: string, path: string, body?: object): Promise<Record<string, unknown> | undefined> => {
    let response: Response
    try {
      response = await fetch(new URL(path, url), {
        method,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-type': TYPE }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      })
    } catch (cause) {
      throw new HubError('HUB_REGISTRY_UNREACHABLE', `The schema registry at ${url} does not answer`, { cause })
    }
    const answer: unknown = await response.json().catch(() => undefined)
    if (response.status === NOT_FOUND && (method === 'GET' || !path.includes('/versions'))) return undefined
    if (response.ok && isRecord(answer)) return answer
    const reason = isRecord(answer)
      ? `${String(answer['message'])} (${String(answer['error_code'])})`
      : 'no reason given'
    throw new HubError(
      'HUB_REGISTRY_REFUSED',
      `The schema registry refuses ${method} ${path} with ${response.status}: ${reason}`,
    )
  }
  const find = async (id: number): Promise<string | undefined> => {
    const schema = (await ask('GET', `/schemas/ids/${id}?format=resolved`))?.['schema']
    return typeof schema === 'string' ? schema : undefined
  }
  const leaveImport = (): Promise<unknown> => ask('PUT', `/mode/${SUBJECT}`, { mode: 'READWRITE' })
  return {
    find,
    importSchema: async ({ id, schemaJson }) => {
      const known = await find(id)
      if (known !== undefined) {
        if (canonicalText(parseSchema(known)) !== canonicalText(parseSchema(schemaJson)))
          throw new HubError(
            'HUB_REGISTRY_REFUSED',
            `Schema ${id} of the registry at ${url} is another one; ids never change their schema`,
          )
        // An import that was killed half-way has left the subject in this mode.
        if ((await ask('GET', `/mode/${SUBJECT}`))?.['mode'] === 'IMPORT') await leaveImport()
        return
      }
      await ask('PUT', `/mode/${SUBJECT}?force=true`, { mode: 'IMPORT' })
      try {
        await ask('POST', `/subjects/${SUBJECT}/versions`, { id, version: id, schema: schemaJson })
      } finally {
        await leaveImport()
      }
    },
    lookUp: async (subject, schemaJson) => {
      const id = (await ask('POST', `/subjects/${subject}`, { schema: schemaJson }))?.['id']
      return typeof id === 'number' ? id : undefined
    },
    register: async (subject, schemaJson, version) => {
      const metadata =
        version === undefined ? {} : { metadata: { properties: { 'confluent:version': String(version) } } }
      const id = (await ask('POST', `/subjects/${subject}/versions`, { schema: schemaJson, ...metadata }))?.['id']
      if (typeof id === 'number') return id
      throw new HubError(
        'HUB_REGISTRY_REFUSED',
        `The schema registry at ${url} answered without an id to a schema for ${subject}`,
      )
    },
  }
}
