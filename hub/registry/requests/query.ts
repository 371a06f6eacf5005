// What anybody may ask with a schema of their own: whether it is registered, and whether it would be compatible. Reading what was sent may take
// long, so this runs in query-thread.ts. Pure.
import { type Placed, type RegistryState } from '../state/registry-state.ts'
import { refuse } from '../state/registry-errors.ts'
import { incompatibilitiesIn } from '../rules/modes-and-levels.ts'
import { findSubmitted } from '../rules/registering.ts'
import { submittedType } from '../rules/resolve-references.ts'
import { jsonIn, submittedIn } from './request-body.ts'
import { isLatest, plainSubject, publicOf, requireSubject, versionToCompare } from './version-answers.ts'

/** A body as it was received. */
export interface SentBody {
  readonly bytes: Uint8Array
  readonly contentType: string | undefined
}

export type Query = {
  /** As the path has it. */
  readonly subject: string
  readonly body: SentBody
} & (
  | { readonly kind: 'lookup'; readonly withDeleted: boolean | undefined }
  | { readonly kind: 'compatibility'; readonly version: string | undefined; readonly isVerbose: boolean }
)

interface ToldRecord {
  readonly record: Placed | undefined
  readonly key: string
}
interface AskedQuery {
  readonly query: Query
  readonly number: number
}
/** What the thread is told, in this order: all records there are, then changes and queries as they come. */
export type ToThread = ToldRecord | AskedQuery

/** An error as it passes between threads: what makes its answer. */
export interface Failure {
  readonly message: string
  readonly errorCode?: number
  readonly statusCode?: number
  readonly isSyntax?: boolean
}

export type FromThread =
  | { readonly isReady: true }
  | ({ readonly number: number } & ({ readonly answer: object } | { readonly failure: Failure }))

/** The answer's body. Throws refusals, and SyntaxError for what is no JSON. */
export const answerQuery = (state: RegistryState, query: Query): object => {
  const subject = plainSubject(query.subject)
  const submitted = submittedIn(jsonIn(query.body.bytes, query.body.contentType))
  if (query.kind === 'lookup') {
    requireSubject(state, subject, query.withDeleted)
    const found = findSubmitted(state, subject, submitted, query.withDeleted)
    if (found === undefined) throw refuse('SCHEMA_NOT_FOUND', 'Schema not found')
    return publicOf(found)
  }
  const { version, isVerbose } = query
  const type = submittedType(state, submitted)
  // Nothing registered is nothing to be incompatible with.
  const isFirst = version !== undefined && isLatest(version) && state.versions(subject).length === 0
  const only = version === undefined || isFirst ? undefined : versionToCompare(state, subject, version)
  const messages = incompatibilitiesIn(state, subject, type, only)
  return { is_compatible: messages.length === 0, ...(isVerbose ? { messages } : {}) }
}
