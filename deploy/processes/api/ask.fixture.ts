// One request to an API instance, as the tests of this folder make it.

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The answer's JSON; undefined where there is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- answers are looked into by path
  readonly body: any
}

export interface Question {
  /** A bearer token, or the whole value of the header where it begins with `Basic`. Nobody asks where it is undefined. */
  readonly token?: string | undefined
  /** Sent as JSON; a text as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** `url` is the whole address. */
export async function ask(method: string, url: string, { token, body, headers }: Question = {}): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: token.startsWith('Basic') ? token : `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}
