// The HTTP API as the command line sees it: JSON in and out, problems as CliError.
import type { ProblemDocument } from '../../http/answers/problem.ts'
import type { Connection } from './connection.ts'
import { CliError, EXIT, exitCodeOf } from '../output/exit-codes.ts'
import { isIntegerOrAbsent, isRecord, isText, isTextOrAbsent } from '../context/json-shape.ts'

const TIMEOUT_MS = 60_000
const PAGE = 200

export interface Client {
  readonly url: string
  /** The answer's JSON, or undefined where there is none. Throws CliError. */
  call<T>(
    method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<T>
  /** The answer's bytes, whatever they are. Throws CliError. */
  download(path: string): Promise<Buffer>
  /** All items of a paged list. */
  list<T>(path: string): Promise<T[]>
}

export function openClient({ url, token, ca }: Connection): Client {
  if (ca !== undefined) trust(ca)
  const ask = async (
    path: string,
    options: Omit<RequestInit, 'headers'> & { readonly headers?: Record<string, string> } = {},
  ): Promise<Response> => {
    const headers = { ...options.headers, authorization: `Bearer ${token}` }
    const request = { ...options, headers, signal: AbortSignal.timeout(TIMEOUT_MS) }
    const answer = await fetch(url + path, request).catch((cause: unknown) => {
      if (isUntrusted(cause)) throw untrusted(url, cause)
      const message = `The API at ${url} does not answer. Is it running? \`skysieve start\` starts one; --url or SKYSIEVE_URL names another.`
      throw new CliError('CLI_API_UNREACHABLE', EXIT.ourFault, message, { cause })
    })
    if (!answer.ok) throw failure(answer, await answer.text(), url)
    return answer
  }
  const client: Client = {
    url,
    async call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
      const json = body === undefined ? {} : { body: JSON.stringify(body) }
      const type = body === undefined ? {} : { 'content-type': 'application/json' }
      const answer = await ask(path, { method, headers: { ...type, ...headers }, ...json })
      const text = await answer.text()
      return (text === '' ? undefined : JSON.parse(text)) as T
    },
    async download(path) {
      // Without an answer's form of its own: an alert's packet stays one.
      const answer = await ask(path, { headers: { accept: '*/*' } })
      return Buffer.from(await answer.arrayBuffer())
    },
    async list<T>(path: string): Promise<T[]> {
      const items: T[] = []
      let cursor: string | null = null
      do {
        const query: string = `${path.includes('?') ? '&' : '?'}limit=${PAGE}${cursor === null ? '' : `&cursor=${cursor}`}`
        const page: { items: T[]; nextCursor: string | null } = await client.call('GET', path + query)
        items.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null)
      return items
    },
  }
  return client
}

const trusted = new Set<string>()

/** In this process, besides the authorities that it trusts by itself. */
function trust(ca: string): void {
  if (trusted.has(ca)) return
  trusted.add(ca)
  // Loaded where it is needed only.
  const { getCACertificates, setDefaultCACertificates } = process.getBuiltinModule('node:tls')
  setDefaultCACertificates([...getCACertificates('default'), ca])
}

const UNTRUSTED =
  /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET_ISSUER)|ERR_TLS_CERT|CERT_)/

/** fetch hides why it failed in the cause of its error. */
const isUntrusted = (error: unknown): boolean =>
  isRecord(error) && (isUntrusted(error['cause']) || (isText(error['code']) && UNTRUSTED.test(error['code'])))

const untrusted = (url: string, cause: unknown): CliError =>
  new CliError(
    'CLI_API_UNTRUSTED',
    EXIT.ourFault,
    `The certificate of ${url} is not one that this machine trusts. Get the system's ca.pem (on its machine it is <data dir>/tls/ca.pem), and log in with it: skysieve auth login --ca FILE. Or name it by SKYSIEVE_CA.`,
    { cause },
  )

function failure({ status, headers }: Response, text: string, url: string): CliError {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    document = undefined
  }
  // Seconds: our API gives no dates.
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  const retryAfterMs = seconds >= 0 ? seconds * 1000 : undefined
  if (!isProblem(document)) {
    return new CliError(
      'CLI_ANSWER_UNKNOWN',
      EXIT.ourFault,
      `${url} answered ${status}, but not as Skysieve's API does. Is the address right?`,
      { retryAfterMs },
    )
  }
  const { code, detail, errors } = document
  return new CliError(code, exitCodeOf(code, status), detail, { problems: errors, retryAfterMs })
}

/** As far as it is shown. */
const isProblem = (value: unknown): value is Pick<ProblemDocument, 'code' | 'detail' | 'errors'> =>
  isRecord(value) &&
  isText(value['code']) &&
  isText(value['detail']) &&
  Array.isArray(value['errors']) &&
  value['errors'].every(isProblemAt)

const isProblemAt = (value: unknown): boolean =>
  isRecord(value) &&
  isText(value['message']) &&
  isTextOrAbsent(value['pointer']) &&
  isIntegerOrAbsent(value['line']) &&
  isIntegerOrAbsent(value['column'])
