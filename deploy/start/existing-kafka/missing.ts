// What lacks in a Kafka that is somebody else's, and whether a refusal is one that its operator has to act upon.
import { type Grant, HubError, type TopicSpec } from '#hub'
import { type Login } from '../layout/broker-access.ts'

export type Missing =
  | { readonly kind: 'topic'; readonly topic: TopicSpec; readonly why?: string }
  | { readonly kind: 'settings'; readonly topic: string; readonly configs: Readonly<Record<string, string>> }
  | { readonly kind: 'partitions'; readonly topic: string; readonly partitions: number; readonly found: number }
  | { readonly kind: 'user'; readonly login: Login; readonly isGiven: boolean }
  | { readonly kind: 'rights'; readonly grants: readonly Grant[] }
  | { readonly kind: 'transactions'; readonly why: string }

/** Not to be had by asking again. */
export const isRefused = (error: unknown): boolean =>
  error instanceof HubError && (error.code === 'HUB_NOT_AUTHORIZED' || error.code === 'HUB_NOT_SUPPORTED')

/** Resolves to false where that is refused, and throws what else fails. */
export const tried = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    (error: unknown) => {
      if (isRefused(error)) return false
      throw error
    },
  )
