// A node joins its hub: by the same code whether the hub is beside it or on another machine. Safe to repeat after a kill at any line: the key and the
// token are kept before they are used, and with the same key the same token brings the same answer.
import { setTimeout as sleep } from 'node:timers/promises'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { JoinWaiting, type JoinRequest } from '#api'
import { requestCertificate } from '#hub'
import { DeployError } from '../../errors.ts'
import { type Answer, type Hub, openHub, type Question, type Trust } from './ask-hub.ts'
import { authorityOf, hashOfCertificate } from './authority.ts'
import { checkAnswer } from './check-answer.ts'
import { type Address, type Identity, ownKey, readToken, writeIdentity } from './identity.ts'

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5000
const TOO_MANY = 429
const FAULTS_FROM = 500
const FIRST_REFUSAL = 300
const MAX_DETAIL = 2000
/** A request that took long looks like a clock that is behind; the connection is open by the second. */
const CLOCK_TRIES = 8
const CLOCK_PAUSE_MS = 200
/** The API's word for a machine whose others have not joined yet. */
const ACCEPTED = 202
const OTHERS_PAUSE_MS = 500
/** Each question is written down in the audit. */
const LONGEST_OTHERS_PAUSE_MS = 10_000
/** By which everybody means their own machine; the node's own processes do. */
const OWN_NAMES = ['127.0.0.1', 'localhost']

export interface JoinContext {
  /** The node's folder. */
  readonly dir: string
  readonly apiUrl: string
  /** Of a node that has one before it joins. */
  readonly name: string | undefined
  readonly address: Address
  readonly shards: number
  /** The Kafka that it uses in place of a broker of its own. */
  readonly kafka?: () => Promise<NonNullable<JoinRequest['kafka']>>
  /** Asked for each try, as it has the time. */
  readonly facts: () => Promise<JoinRequest['facts']>
  /** Told why the hub is asked again, when that is another reason than the last. */
  readonly note: (text: string) => void
  readonly signal: AbortSignal
}

/**
 * Joins with a token and keeps the answer. An API that is away is waited for, and so are the other machines of a cell.
 * Throws DeployError DEPLOY_JOIN_REFUSED with the API's words, DEPLOY_JOIN, or the signal's reason.
 */
export const joinWith = async (token: string, context: JoinContext): Promise<Identity> => {
  const { dir, apiUrl, name, address } = context
  const authority = authorityOf(token)
  const key = await ownKey(dir)
  const hub = openHub(apiUrl, await trustOf(authority, context))
  try {
    const answer = await askToJoin(hub, token, key, context)
    if (answer.status >= FIRST_REFUSAL)
      throw new DeployError('DEPLOY_JOIN_REFUSED', `The hub at ${apiUrl} refuses this node: ${detailOf(answer)}`)
    const asked = { name, key, authority, host: address.host, hasBroker: context.kafka === undefined }
    const checked = checkAnswer(parse(answer.text), asked)
    if ('wrong' in checked)
      throw new DeployError('DEPLOY_JOIN', `The hub at ${apiUrl} gave an answer that is not taken: ${checked.wrong}.`)
    const identity = { apiUrl, address, token, answer: checked }
    writeIdentity(dir, identity)
    return identity
  } finally {
    hub.close()
  }
}

/** Once more with the token of a join that was cut off: it may have been let in, and the answer did not arrive. Undefined where that is of no use. */
export const joinAgain = async (context: JoinContext): Promise<Identity | undefined> => {
  const token = readToken(context.dir)
  if (token === undefined) return undefined
  return joinWith(token, context).catch((error: unknown) => {
    if (error instanceof DeployError && error.code === 'DEPLOY_JOIN_REFUSED') return undefined
    throw error
  })
}

const askToJoin = async (hub: Hub, token: string, key: string, context: JoinContext): Promise<Answer> => {
  const { name, address, shards, facts } = context
  const kafka = await context.kafka?.()
  const csr = await requestCertificate(key, name ?? 'skysieve-node', [...new Set([address.host, ...OWN_NAMES])])
  const question = async (): Promise<Question> => {
    const named = name === undefined ? {} : { name }
    const at = kafka === undefined ? { address } : { address, kafka }
    const body: JoinRequest = { token, ...named, csr, ...at, shards, facts: await facts() }
    return { method: 'POST', path: '/v1/nodes/join', body }
  }
  // The hub of this machine has the same clock.
  const tries = isPlain(context.apiUrl) ? Infinity : CLOCK_TRIES
  const { note, signal } = context
  let [tried, told, pauseMs] = [1, '', OTHERS_PAUSE_MS]
  for (;;) {
    const answer = await patiently(hub, question, context)
    const waiting = answer.status === ACCEPTED ? waitingOf(answer) : undefined
    if (waiting !== undefined) {
      if (waiting !== told) note(waiting)
      await sleep(pauseMs, undefined, { signal })
      ;[tried, told, pauseMs] = [1, waiting, Math.min(LONGEST_OTHERS_PAUSE_MS, pauseMs * 1.5)]
      continue
    }
    if (tried >= tries || problemOf(answer)?.code !== 'API_JOIN_CLOCK') return answer
    tried += 1
    await sleep(CLOCK_PAUSE_MS, undefined, { signal })
  }
}

/** For whom it waits; undefined where the answer says nothing of it. */
const waitingOf = ({ text }: Answer): string | undefined => {
  const body = parse(text)
  if (!Value.Check(JoinWaiting, body)) return undefined
  const { name, machine, joined, of } = body
  return `machine ${machine} of ${name} waits for the others: ${joined} of ${of} have joined`
}

/** It does not leave this machine. */
const isPlain = (apiUrl: string): boolean => apiUrl.startsWith('http:')

/** Whom to believe: the authority that the hub shows, if it is the token's. Only then the token is sent. */
const trustOf = async (authority: string | undefined, context: JoinContext): Promise<Trust | undefined> => {
  const { apiUrl } = context
  if (authority === undefined && !isPlain(apiUrl))
    throw new DeployError(
      'DEPLOY_JOIN',
      `The token is of a hub that speaks plain text, and ${apiUrl} does not: it is of another system. Get a token from this hub's API.`,
    )
  if (authority === undefined || isPlain(apiUrl)) return undefined
  const hub = openHub(apiUrl, 'anyone')
  const shown = await patiently(hub, async () => ({ method: 'GET', path: '/v1/ca' }), context).finally(hub.close)
  if (shown.status < FIRST_REFUSAL && hashOfCertificate(shown.text) === authority) return { ca: shown.text }
  throw new DeployError(
    'DEPLOY_JOIN',
    `What answers at ${apiUrl} is not the system that gave the token: its authority is another one. The token was not sent. Check the address, and whether the token is this system's.`,
  )
}

/** A hub that shows another name than the one it was called by stays so. */
const HOPELESS: ReadonlySet<unknown> = new Set(['ERR_TLS_CERT_ALTNAME_INVALID'])

/** Asks until there is an answer that asking again would not change: anything but 429 and faults of the API. */
const patiently = async (
  hub: Hub,
  question: () => Promise<Question>,
  { apiUrl, note, signal }: JoinContext,
): Promise<Answer> => {
  let told = ''
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    signal.throwIfAborted()
    const asked = await question()
    const answer = await hub.ask(asked, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      return unanswered(apiUrl, error)
    })
    const passes = typeof answer === 'string' || answer.status === TOO_MANY || answer.status >= FAULTS_FROM
    if (!passes) return answer
    const why = typeof answer === 'string' ? answer : detailOf(answer)
    if (why !== told) note(`the hub at ${apiUrl} cannot say yet: ${why}`)
    told = why
    await sleep(pauseMs, undefined, { signal })
  }
}

/** Why there is no answer. Throws where there will be none. */
const unanswered = (apiUrl: string, error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof Error && 'code' in error && HOPELESS.has(error.code))
    throw new DeployError('DEPLOY_JOIN', `The hub at ${apiUrl} has no certificate for that name: ${message}`, {
      cause: error,
    })
  return printable(message)
}

const Problem = Type.Object({ detail: Type.String(), code: Type.Optional(Type.String()) })

const problemOf = ({ text }: Answer): Static<typeof Problem> | undefined => {
  const body = parse(text)
  return Value.Check(Problem, body) ? body : undefined
}

/** A problem document's own words; of what else came, nothing is shown. */
const detailOf = (answer: Answer): string =>
  printable(problemOf(answer)?.detail ?? `it answered with status ${answer.status}`)

/** For a terminal. */
const printable = (text: string): string => text.replaceAll(/\p{C}/gu, ' ').slice(0, MAX_DETAIL)

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
